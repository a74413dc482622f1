"""The file table beside the seal, `conda-meta/sealenv.files`: what every file was when it was sealed.

One MessagePack map of columns (docs/reference/seal.md): a row in it is a tenth of what it would be as
JSON, and 10,000 of them are read in a few milliseconds.
"""

from __future__ import annotations

import hashlib
import operator
import os
import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from sealenv.errors import RecordError
from sealenv.host.files import read_regular, write_atomic
from sealenv.layout import FILES
from sealenv.seals.row import FILE, FOLDER, LINK, Row, raw

__all__ = ["SCHEMA", "FileTable", "encode", "read_table", "write_files"]

SCHEMA = 1
_DIGEST = 32
_KINDS = (FILE, LINK, FOLDER)
_OUTSIDE = re.compile(rb"/\.{0,2}/")
_MOST = 128 << 20
"""Bytes of a table: that is a million paths."""


class FileTable(msgspec.Struct):
    """The columns, one value a path."""

    schema: int
    paths: bytes
    """Relative paths with `/`, UTF-8, a NUL between two; sorted."""
    kinds: str
    """A letter each: `f` file, `l` link, `d` folder."""
    modes: list[int]
    sizes: list[int]
    mtimes: list[int]
    """Nanoseconds since 1970."""
    inodes: list[int]
    digests: bytes
    """32 bytes each: sha256 of the file, or of the link's text; zeros for a folder."""

    def names(self) -> list[str]:
        """The paths; bytes that are no UTF-8 as surrogates."""
        return self.paths.decode("utf-8", "surrogateescape").split("\0") if self.paths else []

    def digest_list(self) -> list[bytes]:
        """The digests one by one."""
        return [self.digests[i : i + _DIGEST] for i in range(0, len(self.digests), _DIGEST)]

    def rows(self) -> dict[str, Row]:
        """By path."""
        columns = zip(
            self.names(), self.kinds, self.modes, self.sizes, self.mtimes, self.inodes,
            self.digest_list(), strict=True,
        )  # fmt: skip
        return {
            path: Row(path, kind, mode, size, mtime, inode, 0, b"" if kind == "d" else digest)
            for path, kind, mode, size, mtime, inode, digest in columns
        }


def encode(rows: Iterable[Row]) -> bytes:
    """The table of these rows; those without a digest that should have one are left out."""
    kept = [row for row in rows if row.digest or row.kind == FOLDER]
    paths = [raw(row.path) for row in kept]
    if any(map(operator.gt, paths, paths[1:])):  # most come from a table
        kept.sort(key=lambda row: raw(row.path))
        paths.sort()
    table = FileTable(
        SCHEMA,
        b"\0".join(paths),
        "".join([r.kind for r in kept]),
        [r.mode for r in kept],
        [r.size for r in kept],
        [r.mtime_ns for r in kept],
        [r.inode for r in kept],
        b"".join([r.digest or bytes(_DIGEST) for r in kept]),
    )
    return msgspec.msgpack.encode(table)


def write_files(prefix: Path, data: bytes) -> None:
    """Write an encoded table: before the seal, which names it by its digest."""
    write_atomic(prefix / FILES, data)


def read_table(prefix: Path, sha256: str | None) -> FileTable | None:
    """The table; None where there is none.

    Args:
        prefix: the prefix.
        sha256: what the seal says of it; None: the seal is of a sealenv that made no table.

    Raises:
        RecordError: it cannot be read, or is not the one that the seal names.
    """
    if sha256 is None:
        return None
    path = prefix / FILES
    hint = "sealenv verify without --fast goes by the packages' records"
    try:
        data = read_regular(path, most=_MOST)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise RecordError(
                "the file table is not the one that was sealed", where=str(path), hint=hint
            )
        table = msgspec.msgpack.decode(data, type=FileTable)
        if fault := _fault(table):
            raise RecordError(f"the file table cannot be used: {fault}", where=str(path), hint=hint)
        return table
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise RecordError(
            f"the file table cannot be read: {why}",
            where=str(path),
            hint=hint,
        ) from error


def _fault(table: FileTable) -> str:
    """Why nobody can go by it, though it is what the seal names; column by column, so it is quick."""
    if table.schema != SCHEMA:
        return f"it has schema {table.schema}; this sealenv knows {SCHEMA}"
    count = table.paths.count(b"\0") + 1 if table.paths else 0
    columns = (table.kinds, table.modes, table.sizes, table.mtimes, table.inodes)
    if any(len(column) != count for column in columns) or len(table.digests) != count * _DIGEST:
        return "its columns have different lengths"
    if sum(map(table.kinds.count, _KINDS)) != count:
        return "it has a kind of path that is not known"
    if count and not (0 <= min(table.modes) <= max(table.modes) <= 0o7777):
        return "it has a mode that cannot be"
    if count and min(table.sizes) < 0:
        return "it has a size that cannot be"
    if count and _leads_outside(table.paths):
        return "it has a path outside the environment"
    return ""


def _leads_outside(paths: bytes) -> bool:
    """Whether one of them is absolute, empty, or has a name that is no name."""
    text = b"/%b/" % paths.replace(b"\0", b"/")
    if os.name == "nt":
        text = text.replace(b"\\", b"/").replace(b":", b"//")
    return _OUTSIDE.search(text) is not None
