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
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FILE, native
from sealenv.system.files import open_regular, read_regular

if TYPE_CHECKING:
    from sealenv.seals.compare import Comparison

__all__ = ["HEADER", "check_compiled", "has_source", "source_of"]

HEADER = 16
"""Bytes: magic, flags, and the hash of the source, or its time and size."""
_CHECKED_HASH = 3
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
    row, beside = comparison.rows.get(path), comparison.rows.get(source_of(path) or "")
    if row is None or beside is None:
        return False
    return row.kind == FILE and not row.problem and not beside.problem


def check_compiled(comparison: Comparison, path: str) -> Iterator[Finding]:
    """Check a `.pyc` in a `__pycache__`, if its source is there."""
    source = source_of(path)
    if source is None or not has_source(comparison, path):
        return
    if why := _why_stale(comparison, path, source):
        owner = comparison.owner(path) or comparison.owner(source)
        yield Finding("stale-pyc", path, owner, why)


def _why_stale(comparison: Comparison, path: str, source: str) -> str:
    """Return why a compiled file does not belong to its source; empty: it does."""
    as_sealed, source_as_sealed = (
        (then := comparison.sealed.get(each)) is not None
        and comparison.rows[each].digest == then.digest
        for each in (path, source)
    )
    if as_sealed and source_as_sealed:
        return ""
    try:
        with open_regular(native(comparison.prefix, path)) as file:
            header = file.read(HEADER + 1)
        if len(header) <= HEADER:
            return "it is truncated"
        if header[2:4] != b"\r\n":
            return "it is not a compiled file"
        flags = int.from_bytes(header[4:8], "little")
        if flags & 1:
            if source_as_sealed and flags == _CHECKED_HASH and path in comparison.sealed:
                return "its bytes have changed, and its source has not"
            content = read_regular(native(comparison.prefix, source))
            actual = _hash(header[:4], content)
            return "" if actual in (None, header[8:HEADER]) else "its source has another hash"
        status = os.lstat(native(comparison.prefix, source))
    except OSError as error:
        return f"it cannot be compared: {error.strerror}"
    time, length = (int.from_bytes(header[at : at + 4], "little") for at in (8, 12))
    now = (status.st_mtime_ns // 1_000_000_000) & 0xFFFFFFFF
    if time != now or length != status.st_size & 0xFFFFFFFF:
        return "its source has another time or size"
    return ""


def _hash(magic: bytes, source: bytes) -> bytes | None:
    """Hash a source as the Python with that magic number does; None if this one cannot.

    CPython 3.11 changed it from SipHash-2-4 to SipHash-1-3 (Python/pyhash.c).
    """
    if (int.from_bytes(magic[:2], "little") >= _FIRST_3_11) != (sys.version_info >= (3, 11)):
        return None
    return _imp.source_hash(int.from_bytes(magic, "little"), source)
