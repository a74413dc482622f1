"""The digests of a prefix's files: read by helpers, or taken over from who is sure of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from sealenv.host.readers import Readers
from sealenv.seals.row import FILE, Row, root_of

__all__ = ["Hashing", "hash_rows", "known_digests"]


class Hashing:
    """The digests of some rows' files, begun: helpers are at work until `finish`.

    Args:
        readers: who.
        prefix: the prefix.
        rows: of it. The file table's do as well as those of `look`: what lies there is read.
    """

    def __init__(self, readers: Readers, prefix: Path, rows: Iterable[Row]) -> None:
        self.rows = [row for row in rows if row.kind == FILE and not row.problem]
        self._task = readers.sha256(
            root_of(prefix), [row.path for row in self.rows], [row.size for row in self.rows]
        )

    def finish(
        self, on_file: Callable[[int, int], None] = lambda done, total: None
    ) -> Iterator[tuple[Row, tuple[bytes, int] | OSError]]:
        """Do our part of it; digest and mode of each, or why it cannot be read.

        Args:
            on_file: called with files done and files in all.
        """
        return zip(self.rows, self._task.finish(on_file), strict=True)


def hash_rows(
    readers: Readers,
    prefix: Path,
    rows: Iterable[Row],
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Fill in the digests of files that have none; what cannot be read gets its problem."""
    hashing = Hashing(readers, prefix, [row for row in rows if not row.digest])
    for row, read in hashing.finish(on_file):
        row.take(read)


def known_digests(rows: Mapping[str, Row], known: Mapping[str, bytes], since: int) -> None:
    """Take digests over for files that nothing has touched since.

    Args:
        rows: of a prefix.
        known: path -> the digest that it had then.
        since: a time of the file system, in ns. What has a later or equal time of change is hashed
            instead. (On Windows that is the time of the last write: there is no other.)
    """
    for path, digest in known.items():
        row = rows.get(path)
        if row is None or row.kind != FILE:
            continue
        changed = row.mtime_ns if os.name == "nt" else row.ctime_ns
        if changed < since:
            row.digest = digest
