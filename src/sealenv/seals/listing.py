"""The folders of a prefix, listed by all processors while something else is done."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from sealenv.host.reader import Listed
from sealenv.host.readers import Readers
from sealenv.seals.row import FILE, FOLDER, LINK, NO_FILE, Row, root_of

__all__ = ["Listing", "Look"]

Look = Callable[[str], "list[str] | None"]
"""Notes what lies in a folder and returns the folders among that; None: it could not be listed."""


class Listing:
    """The folders that are likely to be there: begun, and taken in by `seals.tree.look`.

    Args:
        readers: who lists them.
        prefix: the prefix.
        expected: what was there, most likely.
    """

    def __init__(self, readers: Readers, prefix: Path, expected: Iterable[Row]) -> None:
        counts = {"": 0}
        rows = list(expected)
        counts |= {row.path: 0 for row in rows if row.kind == FOLDER}
        for row in rows:
            above = row.path.rpartition("/")[0]
            if above in counts:
                counts[above] += 1
        # Windows tells all of an entry where its folder is listed: nobody has to be asked.
        self._folders = list(counts) if os.name != "nt" else []
        self._task = readers.listed(
            root_of(prefix), self._folders, [counts[f] for f in self._folders]
        )

    def finish(
        self, rows: dict[str, Row], known: Mapping[str, Row], outside: Collection[str]
    ) -> Look:
        """What takes in a folder.

        Args:
            rows: where it is noted.
            known: unused: each file was asked.
            outside: what is left out.
        """
        answers = zip(self._folders, self._task.finish(), strict=True)
        there = {folder: found for folder, found in answers if not isinstance(found, OSError)}

        def look(folder: str) -> list[str] | None:
            return _note(folder, there[folder], rows, outside) if folder in there else None

        return look


def _note(
    folder: str, found: list[Listed], rows: dict[str, Row], outside: Collection[str]
) -> list[str]:
    above = f"{folder}/" if folder else ""
    folders = []
    for name, mode, size, mtime_ns, ctime_ns, inode, text in found:
        path = above + name.decode("utf-8", "surrogateescape")
        if path in outside:
            continue
        row = Row(path, FILE, mode & 0o7777, size, mtime_ns, inode, ctime_ns)
        if stat.S_ISDIR(mode):
            row.kind = FOLDER
            folders.append(path)
        elif stat.S_ISLNK(mode):
            row.kind, row.size, row.digest = LINK, 0, hashlib.sha256(text).digest()
        elif not stat.S_ISREG(mode):
            row.problem = NO_FILE
        rows[path] = row
    return folders
