"""Which files of a prefix hold a path."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from sealenv.portability.edits import Change
from sealenv.portability.links import placed
from sealenv.portability.rewrite import holds
from sealenv.portability.search import Search
from sealenv.seals.path import FILE, LINK, native, root_of
from sealenv.seals.row import Row
from sealenv.system.readers import Readers

__all__ = ["Finder", "find", "link_text"]

OnFile = Callable[[int, int], None]


class Finder:
    """A search for the files that hold the old path: the helpers work until `finish`.

    A context: it ends the helpers.

    Args:
        prefix: the prefix.
        change: whose old path is looked for.
        search: for it, begun already.
    """

    def __init__(self, prefix: Path, change: Change, search: Search | None = None) -> None:
        self._prefix = prefix
        self._change = change
        self._search = search or Search(Readers(), root_of(prefix), [change.old])
        self.readers = self._search.readers
        """The helpers: after `finish` they can search for something else, until the end."""

    def __enter__(self) -> Finder:
        return self

    def __exit__(self, *_: object) -> None:
        self.readers.__exit__()

    def begin(self, files: Iterable[tuple[str, int]]) -> None:
        """Begin with files, paths and sizes, that are likely to be there."""
        self._search.begin(files)

    def finish(
        self, rows: Mapping[str, Row], on_file: OnFile = lambda done, total: None
    ) -> list[str]:
        """The files and links that hold it, sorted: what was hit is looked at closely.

        Args:
            rows: everything that is there.
            on_file: called with files done and files in all.

        Raises:
            OSError: one cannot be read.
        """
        sizes = {
            row.path: row.size
            for row in rows.values()
            if row.kind == FILE and row.size and not row.problem
        }
        found = []
        self._search.begin(sizes.items())
        for path, answer in self._search.finish(sizes, on_file):
            if isinstance(answer, OSError):
                raise answer
            if answer and self._holds(path):
                found.append(path)
        for path, row in rows.items():
            if row.kind == LINK:
                text = link_text(self._prefix, path)
                if placed(path, text, self._change) is not None:
                    found.append(path)
        return sorted(found)

    def _holds(self, path: str) -> bool:
        with open(native(self._prefix, path), "rb") as file:
            return holds(path, file, self._change)


def link_text(prefix: Path, path: str) -> str:
    r"""What a link says, as the operating system has it, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def find(
    prefix: Path,
    rows: Mapping[str, Row],
    change: Change,
    on_file: OnFile = lambda done, total: None,
) -> list[str]:
    """The files and links that hold the old path: see `Finder.finish`."""
    with Finder(prefix, change) as finder:
        return finder.finish(rows, on_file)
