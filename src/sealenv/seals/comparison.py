"""The folders of a prefix, compared by all processors with what was sealed while something else is done.

Nearly all hold what they held, and then nobody has to be told what that is.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

from sealenv.seals.path import FILE, FOLDER, LINK, TYPES, raw, root_of
from sealenv.seals.row import Row, look_again
from sealenv.system.reader import Names
from sealenv.system.readers import Readers

__all__ = ["Comparison", "Look"]

Look = Callable[[str], "list[str] | None"]
"""Notes what lies in a folder and returns the folders among that; None: it could not be listed."""


class Comparison:
    """The folders that were sealed: begun, and taken in by `seals.tree.look`.

    Names, kinds, modes of folders and texts of links are compared; whoever goes on from here reads each
    file.

    Args:
        readers: who lists them.
        prefix: the prefix.
        sealed: the rows of the file table, by the bytes of their paths.
    """

    def __init__(self, readers: Readers, prefix: Path, sealed: Mapping[str, Row]) -> None:
        self._sealed: Mapping[str, Row] | None = sealed
        # Windows tells all of an entry where its folder is listed: nobody has to be asked.
        self._begin(readers, prefix, _expected(sealed.values()) if os.name != "nt" else {})

    def again(self, readers: Readers, prefix: Path) -> Comparison:
        """With the same, now, wherever it is now."""
        comparison = Comparison.__new__(Comparison)
        comparison._sealed = None
        comparison._begin(readers, prefix, self._expected)
        return comparison

    def _begin(self, readers: Readers, prefix: Path, expected: dict[str, Names]) -> None:
        self._prefix = prefix
        self._expected = expected
        counts = [files.count(b"\0") + len(others) + 1 for files, others in expected.values()]
        self._task = readers.names_compared(
            root_of(prefix), list(expected), counts, list(expected.values())
        )

    def finish(
        self, rows: dict[str, Row], known: Mapping[str, Row], outside: Collection[str]
    ) -> Look:
        """What takes in a folder.

        Args:
            rows: where it is noted.
            known: the sealed rows that are taken for what is there; other files are asked.
            outside: what is left out.
        """
        answers = zip(self._expected, self._task.finish(), strict=True)
        there = {folder: found for folder, found in answers if not isinstance(found, OSError)}
        if known is self._sealed and self._is_sealed(there, known, outside):
            rows.update(known)
            return lambda folder: []

        def look(folder: str) -> list[str] | None:
            if folder not in there:
                return None
            found = there[folder] or self._expected[folder]
            noted = self._as_known(folder, found, known) if not there[folder] else None
            if noted is None:
                noted = dict(self._noted(folder, found, known, outside))
            rows.update(noted)
            return [path for path, row in noted.items() if row.kind == FOLDER] if found[1] else []

        return look

    def _is_sealed(
        self, there: Mapping[str, Names | None], known: Mapping[str, Row], outside: Collection[str]
    ) -> bool:
        """Whether every folder holds what was sealed, and nothing else but what is left out."""
        if not self._expected or len(there) < len(self._expected):
            return False
        for folder, found in there.items():
            if found:
                noted = dict(self._noted(folder, found, known, outside))
                files, others = self._expected[folder]
                if len(noted) != len(_paths(folder, files)) + len(others):
                    return False
                if any(known.get(path) is not row for path, row in noted.items()):
                    return False
        return True

    def _as_known(
        self, folder: str, found: Names, known: Mapping[str, Row]
    ) -> dict[str, Row] | None:
        """The rows of a folder that holds what it held; None where one of them is not taken for it."""
        paths = [*_paths(folder, found[0]), *(_paths(folder, name)[0] for name, _, _ in found[1])]
        try:
            # By the paths that they have: the hash of those is known, and they are found at a glance.
            return {row.path: row for row in map(known.__getitem__, paths)}
        except KeyError:
            return None

    def _noted(
        self, folder: str, found: Names, known: Mapping[str, Row], outside: Collection[str]
    ) -> Iterator[tuple[str, Row]]:
        """What a folder holds that is not, or need not be, as it was sealed."""
        files, others = found
        entries = [(path, stat.S_IFREG, b"") for path in _paths(folder, files)]
        entries += [(_paths(folder, name)[0], mode, digest) for name, mode, digest in others]
        for path, mode, digest in entries:
            if path in outside:
                continue
            then = known.get(path)
            if then is not None and _is_as(then, mode, digest):
                yield path, then
                continue
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                row = Row(path, FILE, 0, 0, 0, 0)
                look_again(self._prefix, row)
                row.digest = digest if row.kind == LINK else b""
                yield path, row


def _expected(sealed: Iterable[Row]) -> dict[str, Names]:
    """What `names_of` tells of each folder."""
    files: defaultdict[str, list[str]] = defaultdict(list)
    others: defaultdict[str, list[tuple[bytes, int, bytes]]] = defaultdict(list)
    folders = [""]
    for row in sealed:
        above, _, name = row.path.rpartition("/")
        if row.kind == FILE:
            files[above].append(name)
            continue
        others[above].append((raw(name), TYPES[row.kind] | row.mode, row.digest))
        if row.kind == FOLDER:
            folders.append(row.path)
    return {
        folder: (raw("\0".join(files.get(folder, ()))), others.get(folder, []))
        for folder in folders
    }


def _paths(folder: str, files: bytes) -> list[str]:
    """The paths of what a folder holds, from the names."""
    if not files:
        return []
    above = f"{folder}/" if folder else ""
    return [above + name for name in files.decode("utf-8", "surrogateescape").split("\0")]


def _is_as(then: Row, mode: int, digest: bytes) -> bool:
    if then.kind == FILE:
        return stat.S_ISREG(mode)
    return mode == TYPES[then.kind] | then.mode and digest == then.digest
