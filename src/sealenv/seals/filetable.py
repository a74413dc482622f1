"""The file table beside the seal, `conda-meta/sealenv.files`: the sealed state of every path.

A head and three columns: statuses, digests, paths (docs/reference/seal.md).
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from sealenv.errors import RecordError
from sealenv.layout import FILES
from sealenv.seals.snapshot import FILE, FOLDER, LINK, Row, Snapshot, raw
from sealenv.system.files import read_regular, write_atomic

SCHEMA = 2
_HEAD = struct.Struct("<8sII")
_NAME = b"sealenv\n"
_STATUS = struct.Struct("<QQQQ")
"""Mode with its kind, time of the last change of its bytes in ns since 1970, inode, size in bytes."""
_DIGEST = 32
_TYPES = {FILE: stat.S_IFREG, LINK: stat.S_IFLNK, FOLDER: stat.S_IFDIR}
_KINDS = {letter: kind for kind, letter in _TYPES.items()}
_MOST = 128 << 20
"""Bytes of a table: that is a million paths."""


def encode(rows: Iterable[Row]) -> bytes:
    """Write a table of these rows; leave out files and links without a digest."""
    kept = [row for row in rows if row.digest or row.kind == FOLDER]
    kept.sort(key=lambda row: raw(row.path))
    statuses = [
        _STATUS.pack(_TYPES[row.kind] | row.mode, row.mtime_ns, row.inode, row.size) for row in kept
    ]
    digests = [row.digest or bytes(_DIGEST) for row in kept]
    head = _HEAD.pack(_NAME, SCHEMA, len(kept))
    return b"".join((head, *statuses, *digests, b"\0".join(raw(row.path) for row in kept)))


def decode(data: bytes) -> Snapshot:
    """Read a table; return its rows by path.

    Raises:
        ValueError: it is not a table, or has another schema.
    """
    if len(data) < _HEAD.size or not data.startswith(_NAME):
        raise ValueError("it does not begin as one")
    _, schema, count = _HEAD.unpack_from(data)
    if schema != SCHEMA:
        raise ValueError(f"it has schema {schema}; this sealenv knows {SCHEMA}")
    digests = _HEAD.size + count * _STATUS.size
    names = digests + count * _DIGEST
    paths = data[names:].decode("utf-8", "surrogateescape").split("\0") if data[names:] else []
    if len(paths) != count:
        raise ValueError("its columns have different lengths")
    _check_paths(data[names:])
    statuses = _STATUS.iter_unpack(data[_HEAD.size : digests])
    rows = {}
    for path, at, (mode, mtime, inode, size) in zip(
        paths, range(digests, names, _DIGEST), statuses, strict=True
    ):
        kind = _KINDS.get(mode & ~0o7777)
        if kind is None:
            raise ValueError("it has a mode that cannot be")
        digest = b"" if kind is FOLDER else data[at : at + _DIGEST]
        rows[path] = Row(path, kind, mode & 0o7777, size, mtime, inode, 0, digest)
    return rows


def _check_paths(paths: bytes) -> None:
    """Refuse a path outside the prefix, where `repair` would write it."""
    text = b"/%b/" % paths.replace(b"\0", b"/")
    if os.name == "nt":
        text = text.replace(b"\\", b"/").replace(b":", b"//")
    if paths and any(part in text for part in (b"//", b"/./", b"/../")):
        raise ValueError("it has a path outside the environment")


def write_table(prefix: Path, data: bytes) -> None:
    """Write a table, before the seal that names it by its digest."""
    write_atomic(prefix / FILES, data)


def read_table(prefix: Path, sha256: str | None) -> Snapshot | None:
    """Read the table that the seal names by its digest; None if the seal names none.

    Raises:
        RecordError: it cannot be read, or is not the one that the seal names.
    """
    if sha256 is None:
        return None
    try:
        data = read_regular(prefix / FILES, most=_MOST)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise _unusable(prefix, "is not the sealed one")
        return decode(data)
    except ValueError as error:
        raise _unusable(prefix, f"cannot be used: {error}") from error
    except OSError as error:
        raise _unusable(prefix, f"cannot be read: {error.strerror or error}") from error


def _unusable(prefix: Path, why: str) -> RecordError:
    return RecordError(
        f"the file table {why}",
        where=str(prefix / FILES),
        hint="run sealenv verify without --fast: it uses the packages' records",
    )
