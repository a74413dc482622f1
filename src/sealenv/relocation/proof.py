"""The proof after a move or a clone: no file holds the old path."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping

from sealenv.errors import CheckFailedError
from sealenv.layout import USER_FOLDER, is_link, walk
from sealenv.relocation.changes import Left
from sealenv.relocation.holding import holding
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.place import Relocation
from sealenv.relocation.seen import Since
from sealenv.seals.comparison import Comparison
from sealenv.seals.row import Row
from sealenv.system.reader import sha256_of
from sealenv.system.readers import Readers

__all__ = ["Proof"]

_SMALL = 1 << 20


class Proof:
    """A second search, of what was not searched or was written since: helpers look until `finish`.

    Args:
        move: the environment at its new place.
        searched: files in which it was not found, by this process. One that has not been written since,
            by kind, mode, size, time and inode, is not read again.
        readers: who looks.
        comparison: the folders that were searched.
    """

    def __init__(
        self,
        move: Relocation,
        searched: Mapping[str, Row],
        readers: Readers,
        comparison: Comparison | None = None,
    ) -> None:
        self._move = move
        self._since = Since(readers, move.prefix, searched, comparison)

    def finish(self, known_left: Iterable[Left] = ()) -> list[Left]:
        """What holds the old place and may; also in the user folder, where nothing is mended.

        Args:
            known_left: what mending has left.

        Raises:
            CheckFailedError: something else holds it.
        """
        move = self._move
        rows, new = self._since.finish()
        known = {item.path for item in known_left}
        # Most often of no use.
        owners = functools.cache(lambda: Owners(move.prefix, rows, move.records))
        left, wrong = [], []
        for path in holding(move.prefix, new, [move.forth]):
            name = move.prefix / path
            if path in known:
                continue
            if not is_link(name) and owners().is_digest_shipped(
                path, sha256_of(os.fspath(name))[0]
            ):
                left.append(Left(path, SHIPPED))
            else:
                wrong.append(path)
        if wrong:
            what = "1 file still holds" if len(wrong) == 1 else f"{len(wrong)} files still hold"
            raise CheckFailedError(
                f"{what} the old path {move.old}",
                where=str(move.prefix),
                details=wrong[:20],
                hint="look at them: they are in a form that cannot be mended, or somebody writes them",
            )
        return left + _of_user(move)


def _of_user(move: Relocation) -> list[Left]:
    folder = move.prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return []
    found = []
    forth = move.forth
    for entry in walk(folder):
        small = not (entry.is_dir or entry.is_link) and entry.status.st_size <= _SMALL
        if not small or not os.path.isfile(entry.path):
            continue
        try:
            with open(entry.path, "rb") as file:
                held = forth.is_in(entry.relative, file)
        except OSError:
            continue
        if held:
            found.append(
                Left(f"{USER_FOLDER}/{entry.relative}", "it is yours: nothing was changed")
            )
    return found
