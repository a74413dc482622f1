"""Compiled Python files, which Python, pip and `compileall` may write again at any time.

Python compares the header of such a file with its source (PEP 552: magic, flags, then the source's
hash, or its time and size), and writes it again if they differ. So other bytes than the sealed ones are
accepted. But a file that has its source's hash is written again only if the source changes: other bytes
beside the sealed source are an edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FILE, native
from sealenv.system.files import open_regular

if TYPE_CHECKING:
    from sealenv.seals.compare import Comparison

_HEADER = 16
"""Bytes: magic, flags, and the hash of the source, or its time and size."""
_CACHED = re.compile(r"(.*/|)__pycache__/([^/]+?)\.[\w-]+(\.opt-[\w]+)?\.pyc")


def source_of(path: str) -> str | None:
    """Return the source of a compiled file (PEP 3147); None: it needs none."""
    found = _CACHED.fullmatch(path)
    return f"{found[1]}{found[2]}.py" if found else None


def has_source(comparison: Comparison, path: str) -> bool:
    """Return whether it is a compiled file with a source, which `check_compiled` checks."""
    row = comparison.rows.get(path)
    if row is None or row.kind != FILE or row.problem:
        return False
    return source_of(path) in comparison.rows


def check_compiled(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Check a compiled file that does not have the sealed bytes."""
    source = source_of(path)
    if source is None or not has_source(comparison, path):
        return
    try:
        with open_regular(native(comparison.prefix, path)) as file:
            header = file.read(_HEADER + 1)
    except OSError:
        return
    why = ""
    if len(header) <= _HEADER:
        why = "it is truncated"  # Python fails on it
    elif header[4] & 1 and _is_edited(comparison, path, source):
        why = "its bytes have changed, and its source has not"
    if why:
        owner = comparison.owner(path) or comparison.owner(source)
        yield Finding("stale-pyc", path, owner, why)


def _is_edited(comparison: Comparison, path: str, source: str) -> bool:
    """Return whether a sealed compiled file has other bytes, and its source has not."""
    rows, sealed = comparison.rows, comparison.sealed
    if path not in sealed or source not in sealed:
        return False
    same = rows[path].digest == sealed[path].digest
    return not same and rows[source].digest == sealed[source].digest
