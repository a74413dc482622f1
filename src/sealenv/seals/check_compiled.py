"""Compiled Python files: does a `.pyc` belong to its source?

Python, pip and `compileall` regenerate them, so other bytes than the sealed ones are accepted if the
header fits the source (PEP 552: magic, flags, then the source's hash, or its time and size). The
code after the header is not compared: that would take compiling all of it. But Python regenerates a
file that has its source's hash only if the source changes, so other bytes beside the sealed source
are reported.
"""

from __future__ import annotations

import _imp
import os
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import promised
from sealenv.seals.snapshot import FILE, native
from sealenv.system.files import open_regular, read_regular

if TYPE_CHECKING:
    from sealenv.seals.compare import Comparison

__all__ = ["HEADER", "check_compiled", "count_unread", "has_source", "source_of"]

HEADER = 16
"""Bytes: magic, flags, and the hash of the source, or its time and size."""
_CHECKED_HASH = b"\3\0\0\0"
"""The flags of a file that Python compares with its source before each use (PEP 552)."""
_FIRST_3_11 = 3450
"""The magic number of the first CPython 3.11."""
_CACHED = re.compile(r"(.*/|)__pycache__/([^/]+?)\.[\w-]+(\.opt-[\w]+)?\.pyc")


def source_of(path: str) -> str | None:
    """Return the source of a compiled file (PEP 3147); None: it needs none."""
    found = _CACHED.fullmatch(path)
    return f"{found[1]}{found[2]}.py" if found else None


def has_source(comparison: Comparison, path: str) -> bool:
    """Return whether it is a compiled file with a source, which `check_compiled` compares."""
    source = source_of(path)
    if source is None or source not in comparison.rows:
        return False
    row, beside = comparison.rows.get(path), comparison.rows[source]
    return row is not None and row.kind == FILE and not row.problem and not beside.problem


def count_unread(comparison: Comparison, found: Collection[str]) -> int:
    """Count the compiled files without a finding that were accepted for their header alone."""
    sealed = comparison.sealed or {}
    count = 0
    for path in comparison.unsteady:
        digest = comparison.rows[path].digest
        if not path.endswith(".pyc") or not digest or path in found:
            continue
        if has_source(comparison, path):
            known = {promised(claim.entry) for claim in comparison.claims.get(path, ())}
            known.add(sealed[path].digest.hex() if path in sealed else None)
            count += digest.hex() not in known
    return count


def check_compiled(comparison: Comparison, path: str, *, known: bool) -> Iterator[Finding]:
    """Check a `.pyc` in a `__pycache__`; it is known if a record names it, or if it was sealed."""
    source = source_of(path)
    row = comparison.rows.get(path)
    if source is None or row is None or row.kind != FILE or row.problem:
        return
    owner = comparison.owner(path) or comparison.owner(source)
    beside = comparison.rows.get(source)
    if beside is None:
        if not known:
            yield Finding("orphaned-pyc", path, owner, "its source is missing")
        return
    if beside.problem:
        return  # a finding of its own
    if comparison.sealed is not None and all(
        (then := comparison.sealed.get(p)) is not None
        and comparison.rows[p].digest == then.digest
        and comparison.rows[p].size == then.size
        for p in (path, source)
    ):
        return  # both as they were sealed
    why = _stale(comparison.prefix, path, source)
    if not why and _is_edited(comparison, path, source):
        why = "its bytes have changed, and its source has not"
    if why:
        yield Finding("stale-pyc", path, owner, why)


def _is_edited(comparison: Comparison, path: str, source: str) -> bool:
    """Return whether a file with its source's hash has other bytes than the sealed one."""
    rows, sealed = comparison.rows, comparison.sealed or {}
    if path not in sealed or source not in sealed:
        return False
    if rows[path].digest == sealed[path].digest or rows[source].digest != sealed[source].digest:
        return False
    try:
        with open_regular(native(comparison.prefix, path)) as file:
            flags = file.read(HEADER)[4:8]
    except OSError:
        return False
    return flags == _CHECKED_HASH


def _stale(prefix: Path, path: str, source: str) -> str:
    try:
        with open_regular(native(prefix, path)) as file:
            header = file.read(HEADER + 1)
        if len(header) <= HEADER:
            return "it is truncated"
        header = header[:HEADER]
        if header[2:4] != b"\r\n":
            return "it is not a compiled file"
        flags = int.from_bytes(header[4:8], "little")
        if flags & 1:
            actual = _hash(header[:4], read_regular(native(prefix, source)))
            return "" if actual in (None, header[8:]) else "its source has another hash"
        status = os.lstat(native(prefix, source))
    except OSError as error:
        return f"it cannot be compared: {error.strerror}"
    time = int.from_bytes(header[8:12], "little")
    length = int.from_bytes(header[12:], "little")
    if (
        time != (status.st_mtime_ns // 1_000_000_000) & 0xFFFFFFFF
        or length != status.st_size & 0xFFFFFFFF
    ):
        return "its source has another time or size"
    return ""


def _hash(magic: bytes, source: bytes) -> bytes | None:
    """Hash a source as the Python with that magic number does; None if this one cannot.

    CPython 3.11 changed it from SipHash-2-4 to SipHash-1-3 (Python/pyhash.c).
    """
    if (int.from_bytes(magic[:2], "little") >= _FIRST_3_11) != (sys.version_info >= (3, 11)):
        return None
    return _imp.source_hash(int.from_bytes(magic, "little"), source)
