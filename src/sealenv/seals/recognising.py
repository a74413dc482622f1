"""Files that were copied: others than those that were sealed, and the same bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.host.readers import Readers
from sealenv.seals.digests import hash_rows
from sealenv.seals.row import FILE, FOLDER, Row

__all__ = ["recognise"]


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


def _take_stat(then: Row, row: Row) -> None:
    """All but the mode, which is what it was sealed with."""
    then.size, then.mtime_ns, then.inode = row.size, row.mtime_ns, row.inode
