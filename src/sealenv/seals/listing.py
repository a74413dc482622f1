"""The folders of a prefix, listed by all processors while something else is done."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from sealenv.host.reader import Listed
from sealenv.host.readers import Readers
from sealenv.seals.row import FILE, FOLDER, LINK, NO_FILE, Row, look_again, root_of

__all__ = ["Listing"]

Look = Callable[[str], "list[str] | None"]


class Listing:
    """The folders that are likely to be there: begun, and taken in by `seals.tree.look`.

    Args:
        readers: who lists them.
        prefix: the prefix.
        expected: what was there, most likely.
        sizes: whether files are asked for mode, size and time, too.
    """

    def __init__(
        self, readers: Readers, prefix: Path, expected: Iterable[Row], *, sizes: bool = True
    ) -> None:
        self._prefix = prefix
        self._sizes = sizes
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
            root_of(prefix), self._folders, [counts[f] for f in self._folders], sizes=sizes
        )

    def finish(
        self, rows: dict[str, Row], known: Mapping[str, Row], outside: Collection[str]
    ) -> Look:
        """A function that notes what lies in a folder and returns the folders among that.

        It returns None for a folder that was not listed, or cannot be.

        Args:
            rows: where it is noted.
            known: what a file is taken for that was not asked.
            outside: what is left out.
        """
        answers = zip(self._folders, self._task.finish(), strict=True)
        there = {folder: found for folder, found in answers if not isinstance(found, OSError)}

        def look(folder: str) -> list[str] | None:
            if folder not in there:
                return None
            return self._note(folder, there[folder], rows, known, outside)

        return look

    def _note(
        self,
        folder: str,
        found: list[Listed],
        rows: dict[str, Row],
        known: Mapping[str, Row],
        outside: Collection[str],
    ) -> list[str]:
        above = f"{folder}/" if folder else ""
        folders = []
        for name, mode, size, mtime_ns, ctime_ns, inode, text in found:
            path = above + name.decode("utf-8", "surrogateescape")
            if path in outside:
                continue
            if not self._sizes and stat.S_ISREG(mode):
                then = known.get(path)
                if then is not None and then.kind == FILE:
                    rows[path] = then
                    continue
                row = Row(path, FILE, 0, 0, 0, 0)
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    look_again(self._prefix, row)
                    rows[path] = row
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
