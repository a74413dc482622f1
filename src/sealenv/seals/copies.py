"""Copied files: they have the sealed bytes, and another size, time or inode than was sealed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from sealenv.seals.filetable import encode, write_table
from sealenv.seals.seal import Seal, read_sealed, write_seal
from sealenv.seals.snapshot import FILE, FOLDER, Row, hash_rows, is_unchanged, take_snapshot

__all__ = ["adopt_copies", "restat_sealed"]


def adopt_copies(
    prefix: Path, sealed: Mapping[str, Row], now: Mapping[str, Row], digests: Mapping[str, bytes]
) -> None:
    """Write size, time and inode of copied files into the sealed rows.

    A file with other bytes keeps its sealed row, and stays altered.

    Args:
        prefix: the prefix.
        sealed: the rows that are written into.
        now: a snapshot.
        digests: of files there, as far as they are known; others are read.
    """
    others = {}
    for path, then in sealed.items():
        row = now.get(path)
        if row is None or row.kind != then.kind or row.problem or row.same_stat(then):
            continue
        if then.kind == FILE:
            row.digest = digests.get(path, b"")
            others[path] = row
        elif then.kind == FOLDER or row.digest == then.digest:
            _take_stat(then, row)
    hash_rows(prefix, others, [row for row in others.values() if not row.digest])
    for path, row in others.items():
        if row.digest == sealed[path].digest:
            _take_stat(sealed[path], row)


def restat_sealed(prefix: Path, seal: Seal) -> Seal | None:
    """Write the seal and its table with the sizes, times and inodes of now, as after a restored backup.

    Args:
        prefix: an environment whose files all have the sealed bytes, held by `exclusive`.
        seal: its seal.

    Returns:
        the new seal; None where nothing has changed, and nothing was written.

    Raises:
        FilesystemError: it cannot be written.
    """
    rows = read_sealed(prefix).rows
    now = take_snapshot(prefix)
    if rows is None or is_unchanged(now, rows):
        return None
    adopt_copies(prefix, rows, now, {})
    encoded = encode(rows.values())
    files = hashlib.sha256(encoded).hexdigest()
    if files == seal.files:
        return None
    resealed = msgspec.structs.replace(seal, files=files)
    write_table(prefix, encoded)
    write_seal(prefix, resealed)
    return resealed


def _take_stat(then: Row, row: Row) -> None:
    """Take all but the mode, which stays the sealed one."""
    then.size, then.mtime_ns, then.inode = row.size, row.mtime_ns, row.inode
