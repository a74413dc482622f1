"""Files that were copied: others than those that were sealed, and the same bytes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sealenv.seals.digests import hash_rows
from sealenv.seals.filetable import write_files
from sealenv.seals.path import FILE, FOLDER
from sealenv.seals.row import Row
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.sealed import read_sealed
from sealenv.seals.tablerows import encode, sealed_rows
from sealenv.seals.tree import look
from sealenv.seals.untouched import is_untouched
from sealenv.system.readers import Readers

__all__ = ["recognise", "retake"]


def recognise(
    prefix: Path, sealed: Mapping[str, Row], now: Mapping[str, Row], digests: Mapping[str, bytes]
) -> None:
    """Take over size, time and inode of what is another file with the sealed bytes.

    What has other bytes keeps its sealed row, and is as altered as it was.

    Args:
        prefix: the prefix.
        sealed: the rows that are written into.
        now: what lies there.
        digests: of files there, as far as they are known; others are read.
    """
    others = []
    for path, then in sealed.items():
        row = now.get(path)
        if row is None or row.kind != then.kind or row.problem or row.same_stat(then):
            continue
        if then.kind != FILE:
            if then.kind == FOLDER or row.digest == then.digest:
                _take_stat(then, row)
            continue
        row.digest = digests.get(path, b"")
        others.append(row)
    with Readers() as readers:
        hash_rows(readers, prefix, {row.path: row for row in others})
    for row in others:
        if row.digest == sealed[row.path].digest:
            _take_stat(sealed[row.path], row)


def retake(prefix: Path, seal: Seal) -> Seal | None:
    """Write the seal and its table with the sizes, times and inodes of now, as after a restored backup.

    Args:
        prefix: an environment in which everything is as it was sealed, held by `exclusive`.
        seal: its seal.

    Returns:
        the new seal; None where nothing was another, and nothing written.

    Raises:
        FilesystemError: it cannot be written.
    """
    table = read_sealed(prefix).table
    if table is None or is_untouched(prefix, table):
        return None
    rows = sealed_rows(table)
    recognise(prefix, rows, look(prefix), {})
    encoded = encode(rows.values())
    files = hashlib.sha256(encoded).hexdigest()
    if files == seal.files:
        return None
    retaken = msgspec.structs.replace(seal, files=files)
    write_files(prefix, encoded)
    write_seal(prefix, retaken)
    return retaken


def _take_stat(then: Row, row: Row) -> None:
    """All but the mode, which is what it was sealed with."""
    then.size, then.mtime_ns, then.inode = row.size, row.mtime_ns, row.inode
