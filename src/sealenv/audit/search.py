"""The first look: which files of a prefix hold anything that is looked for, told by helpers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from sealenv.host.reader import Wanted
from sealenv.host.readers import Readers, Task
from sealenv.portability.foreign import Foreign
from sealenv.portability.holding import Place, needles
from sealenv.seal.tree import FILE, Row, native

__all__ = ["Search"]


class Search:
    """Helpers are at work from `begin` to `finish`.

    Args:
        readers: who.
        prefix: where.
        places: which are looked for.
        others: what else.
    """

    def __init__(
        self, readers: Readers, prefix: Path, places: Sequence[Place], others: Foreign | None
    ) -> None:
        self._readers = readers
        root = native(prefix, "")
        self._root = root.decode("utf-8", "surrogateescape") if isinstance(root, bytes) else root
        self._wanted = _wanted(places, others)
        self._begun: list[tuple[list[str], Task[bytes]]] = []
        self._names: set[str] = set()

    def begin(self, rows: Iterable[Row]) -> None:
        """Begin with files that were not begun with yet; what is none is left out."""
        files = [
            row
            for row in rows
            if row.kind == FILE and not row.problem and row.path not in self._names
        ]
        names = [row.path for row in files]
        self._names.update(names)
        task = self._readers.search(self._wanted, self._root, names, [row.size for row in files])
        self._begun.append((names, task))

    def finish(
        self, files: Collection[str], on_file: Callable[[int, int], None]
    ) -> Iterator[tuple[str, bytes | OSError]]:
        """Each of these files that was begun with, and what it holds: see `reader.searcher`."""
        for names, task in self._begun:
            for name, answer in zip(names, task.finish(on_file), strict=True):
                if name in files:
                    yield name, answer


def _wanted(places: Sequence[Place], others: Foreign | None) -> Wanted:
    texts = list(dict.fromkeys(text for place in places for text in needles(place.spellings)))
    patterns: list[bytes] = []
    longest = 0
    if others:
        texts += others.texts
        patterns = others.patterns
        longest = others.longest
    if any(place.spellings.ignore_case for place in places):
        return True, [t.lower() for t in texts], [p.lower() for p in patterns], longest
    return False, texts, patterns, longest
