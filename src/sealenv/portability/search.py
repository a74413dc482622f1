"""The first look: which files of a prefix hold anything that is looked for, told by helpers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial

from sealenv.portability.spellings import Spellings
from sealenv.system.reader import Wanted
from sealenv.system.readers import Readers, Task

__all__ = ["Search"]


class Search:
    """Helpers are at work from `begin` to `finish`.

    Args:
        readers: who.
        root: what comes before the name of a file: see `Readers`.
        places: which are looked for.
    """

    def __init__(
        self,
        readers: Readers,
        root: str,
        places: Sequence[Spellings],
    ) -> None:
        self.readers = readers
        """After `finish` they wait for something else."""
        self._root = root
        self._wanted = _wanted(places)
        self._begun: list[tuple[list[str], Task[bytes]]] = []
        self._names: set[str] = set()

    def is_for(self, places: Sequence[Spellings]) -> bool:
        """Whether these are looked for, and nothing else."""
        return self._wanted == _wanted(places)

    def begin(self, files: Iterable[tuple[str, int]]) -> None:
        """Begin with files, names and sizes in bytes, that were not begun with yet."""
        new = [file for file in files if file[0] not in self._names] if self._names else [*files]
        names = [name for name, _ in new]
        self._names.update(names)
        task = self.readers.search(self._wanted, self._root, names, [size for _, size in new])
        self._begun.append((names, task))

    def finish(
        self, files: Collection[str], on_file: Callable[[int, int], None]
    ) -> Iterator[tuple[str, bytes | OSError]]:
        """Each of these files that was begun with, and what it holds: see `reader.searcher`.

        Args:
            files: the names of those that are asked for.
            on_file: called with files done and files in all, of everything that was begun with.
        """
        before = 0
        for names, task in self._begun:
            tell = partial(self._tell, on_file, before)
            for name, answer in zip(names, task.finish(tell), strict=True):
                if name in files:
                    yield name, answer
            before += len(names)

    def _tell(self, on_file: Callable[[int, int], None], before: int, done: int, _: int) -> None:
        on_file(before + done, len(self._names))


def _wanted(places: Sequence[Spellings]) -> Wanted:
    texts = list(dict.fromkeys(text for place in places for text in place.needles))
    if any(place.ignore_case for place in places):
        return True, [text.lower() for text in texts]
    return False, texts
