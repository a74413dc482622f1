"""A file table as rows, and rows as a file table."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from sealenv.seals.filetable import DIGEST, FileTable, pack
from sealenv.seals.path import FOLDER, raw
from sealenv.seals.row import Row, status_of_row
from sealenv.system.reader import STATUS

__all__ = ["encode", "sealed_rows"]


def sealed_rows(table: FileTable) -> dict[str, Row]:
    """Its rows by path."""
    columns = zip(
        table.names(), table.kinds(), STATUS.iter_unpack(table.statuses), table.digest_list(),
        strict=True,
    )  # fmt: skip
    return {
        path: Row(
            path, kind, mode & 0o7777, size, time, inode, 0, b"" if kind is FOLDER else digest
        )
        for path, kind, (mode, time, inode, size), digest in columns
    }


def encode(rows: Iterable[Row]) -> bytes:
    """The table of these rows; those without a digest that should have one are left out."""
    kept = [row for row in rows if row.digest or row.kind == FOLDER]
    paths = [raw(row.path) for row in kept]
    if any(map(operator.gt, paths, paths[1:])):  # most come from a table
        kept.sort(key=lambda row: raw(row.path))
        paths.sort()
    digests = [row.digest or bytes(DIGEST) for row in kept]
    return pack(paths, b"".join(map(status_of_row, kept)), b"".join(digests))
