"""The digests of a prefix's files: read by helpers, or taken over from who is sure of them."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.seals.filetable import FileTable
from sealenv.seals.path import FILE, root_of
from sealenv.system.readers import Readers, Task

if TYPE_CHECKING:
    from sealenv.seals.row import Row

__all__ = ["Hashing", "hash_rows", "known_digests"]


class Hashing:
    """The digests of some files, begun: helpers are at work until `finish`.

    Args:
        readers: who.
        prefix: the prefix.
        paths: of the files.
        sizes: theirs in bytes, more or less.
        expected: their digests and modes, where only what has others is wanted.
    """

    def __init__(
        self,
        readers: Readers,
        prefix: Path,
        paths: Sequence[str],
        sizes: Sequence[int],
        expected: Sequence[tuple[bytes, int]] | None = None,
    ) -> None:
        self._paths = paths
        root = root_of(prefix)
        self._task: Task[tuple[bytes, int]] | Task[tuple[bytes, int] | None] = (
            readers.compared(root, paths, sizes, expected)
            if expected is not None
            else readers.sha256(root, paths, sizes)
        )

    @classmethod
    def of_rows(cls, readers: Readers, prefix: Path, rows: Iterable[Row]) -> Hashing:
        """Of those that are files and can be read."""
        files = [row for row in rows if row.kind == FILE and not row.problem]
        return cls(readers, prefix, [row.path for row in files], [row.size for row in files])

    @classmethod
    def of_table(cls, readers: Readers, prefix: Path, table: FileTable | None) -> Hashing:
        """Of all its files: what has not the sealed digest and mode, or is gone."""
        if table is None:
            return cls(readers, prefix, [], [])
        are_files = [kind == FILE for kind in table.kinds()]
        modes = [mode & 0o7777 for mode in table.modes()]
        expected = zip(table.digest_list(), modes, strict=True)
        return cls(
            readers,
            prefix,
            list(itertools.compress(table.names(), are_files)),
            list(itertools.compress(table.sizes(), are_files)),
            list(itertools.compress(expected, are_files)),
        )

    def __len__(self) -> int:
        return len(self._paths)

    def finish(
        self, on_file: Callable[[int, int], None] = lambda done, total: None
    ) -> Iterator[tuple[str, tuple[bytes, int] | OSError]]:
        """Do our part of it; path, digest and mode of each, or why it cannot be read.

        Args:
            on_file: called with files done and files in all.
        """
        for path, read in zip(self._paths, self._task.finish(on_file), strict=True):
            if read is not None:
                yield path, read


def hash_rows(
    readers: Readers,
    prefix: Path,
    rows: Mapping[str, Row],
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> None:
    """Fill in the digests of files that have none; what cannot be read gets its problem."""
    hashing = Hashing.of_rows(readers, prefix, (row for row in rows.values() if not row.digest))
    for path, read in hashing.finish(on_file):
        rows[path].take(read)


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
