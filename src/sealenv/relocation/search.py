"""Search the files and links of a prefix for a path."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sealenv.relocation.edits import Change
from sealenv.relocation.occurrences import is_blank
from sealenv.relocation.rewrite import holds, rewrite_link
from sealenv.relocation.spellings import Spellings
from sealenv.seals.snapshot import FILE, LINK, Row, native
from sealenv.system.hashing import open_once

__all__ = ["Search", "find", "link_text"]

_WINDOW = 1 << 22
_STEP = 100
"""Files between two reports of progress."""


class Search:
    """A fast first search for any of some paths, in one file after the other.

    Args:
        places: the forms of each path.
    """

    def __init__(self, places: Sequence[Spellings]) -> None:
        texts = list(dict.fromkeys(text for place in places for text in place.needles))
        self._ignore_case = any(place.ignore_case for place in places)
        self._texts = [text.lower() for text in texts] if self._ignore_case else texts
        self._overlap = max([*map(len, texts), 1]) - 1

    def hits(self, path: str | bytes) -> bool:
        """Tell whether a regular file may hold one of them. It is read in windows of 4 MiB.

        Raises:
            OSError: the file cannot be read, or is not a regular file.
        """
        fd, status = open_once(path)
        try:
            wanted = min(status.st_size + 1, _WINDOW)
            data = b""
            while True:
                piece = os.read(fd, wanted)
                data = data[max(len(data) - self._overlap, 0) :] + piece
                if self._are_in(data):
                    return True
                if len(piece) < wanted:
                    return False
        finally:
            os.close(fd)

    def _are_in(self, data: bytes) -> bool:
        if is_blank(data):
            return False
        data = data.lower() if self._ignore_case else data
        return any(text in data for text in self._texts)


def find(
    prefix: Path,
    rows: Mapping[str, Row],
    change: Change,
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Return the files and links that hold the old path, sorted.

    Args:
        prefix: the prefix.
        rows: its snapshot.
        change: the paths.
        on_file: called now and then with files done and files in all.

    Raises:
        OSError: one of them cannot be read.
    """
    search = Search([change.old])
    found = []
    for number, (path, row) in enumerate(rows.items()):
        if number % _STEP == 0:
            on_file(number, len(rows))
        if row.kind == LINK:
            if rewrite_link(link_text(prefix, path), change) is not None:
                found.append(path)
        elif row.kind != FILE or not row.size or row.problem:
            continue
        elif search.hits(native(prefix, path)) and _holds(prefix, path, change):
            found.append(path)
    return sorted(found)


def link_text(prefix: Path, path: str) -> str:
    r"""Return the target of a link, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def _holds(prefix: Path, path: str, change: Change) -> bool:
    with open(native(prefix, path), "rb") as file:
        return holds(path, file, change)
