"""A tree read by as many processes as there are processors, this one among them.

Threads are slower here: most files are small, and opening one holds the interpreter. Each helper gets a
share, the costly items first, and works from its front; we work from the back of whichever share has the
most left, until both meet. So nobody waits for another for long, whatever else the machine does, and
what a helper does not do (it was killed) is done here.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from sealenv.system import reader
from sealenv.system.helper import COST, PATIENCE, Helper, Share
from sealenv.system.items import Items, Listed, OnePiece
from sealenv.system.processors import processors

__all__ = ["COST", "Readers", "Task"]

T = TypeVar("T")

_WORTH = 24_000_000
"""A helper that has less to do than this takes longer to start than it saves."""
_ENTRY = COST // 2
"""What it costs to look at one, in the same unit."""
_ASKED = COST // 4
"""And to ask it for its size and time."""
_MOST = 8
_STEP = 10


class Readers:
    """This process and its helpers. A context: at its end they end, whatever they do.

    Args:
        limit: how many processes at most, this one among them; as many as there are without it.
        patience: for how many seconds a helper that we wait for may answer nothing; more for a large
            file.
    """

    def __init__(self, limit: int | None = None, *, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._most = min(limit or processors(), _MOST) - 1
        self._helpers: list[Helper] = []

    def __enter__(self) -> Readers:
        return self

    def __exit__(self, *_: object) -> None:
        for helper in self._helpers:
            helper.kill()
        for helper in self._helpers:
            helper.close()
        self._helpers.clear()

    def sha256(
        self, root: str, names: Sequence[str], sizes: Sequence[int]
    ) -> Task[tuple[bytes, int]]:
        """Begin to hash files: see `reader.sha256_of`.

        Args:
            root: what comes before each name: see `reader.native`.
            names: of the files.
            sizes: theirs in bytes (a wrong one costs time, nothing else).
        """
        return self._begin("sha256", None, root, Listed(names, _read(sizes)))

    def compared(
        self,
        root: str,
        names: Sequence[str],
        sizes: Sequence[int],
        expected: Sequence[tuple[bytes, int]],
    ) -> Task[tuple[bytes, int] | None]:
        """The same, but None for each file that has the expected digest and mode."""
        return self._begin("sha256", None, root, Listed(names, _read(sizes), expected))

    def search(
        self, wanted: reader.Wanted, root: str, names: Sequence[str], sizes: Sequence[int]
    ) -> Task[bytes]:
        """Begin to search files: see `reader.searcher`; the rest as for `sha256`."""
        return self._begin("search", wanted, root, Listed(names, _read(sizes)))

    def names_compared(
        self,
        root: str,
        folders: Sequence[str],
        counts: Sequence[int],
        expected: Sequence[reader.Names],
    ) -> Task[reader.Names | None]:
        """Begin to list folders by `reader.names_of`: None for each that holds what is expected.

        Args:
            root: what comes before each name.
            folders: their names.
            counts: how many entries each is likely to have.
            expected: what they are to hold.
        """
        costs = [count * _ENTRY + COST for count in counts]
        return self._begin("names", None, root, Listed(folders, costs, expected))

    def statuses_compared(
        self,
        root: str,
        paths: bytes,
        expected: bytes,
        source: reader.Source | None = None,
    ) -> Task[bytes | None]:
        """Begin to ask for `reader.status_of` paths: None for each that has the expected one.

        Args:
            root: what comes before each path.
            paths: UTF-8, a NUL between two.
            expected: what is expected of each, one after the other.
            source: where in a file both are, if they are in one.
        """
        items = OnePiece(paths, expected, reader.STATUS.size, _ASKED, source)
        return self._begin("status", None, root, items)

    def _begin(self, verb: str, argument: Any, root: str, items: Items) -> Task[Any]:
        return Task(self._grown(items.cost), verb, argument, root, items, self._patience)

    def _grown(self, cost: int) -> list[Helper]:
        """As many helpers as that is worth."""
        wanted = min(self._most, cost // _WORTH)
        while len(self._helpers) < wanted:
            self._helpers.append(Helper())
        return self._helpers[:wanted]


def _read(sizes: Sequence[int]) -> list[int]:
    """What it costs to read files of these sizes."""
    return [size + COST for size in sizes]


class Task(Generic[T]):
    """Something asked of each item, begun. `finish` does our part of it and returns the answers."""

    def __init__(
        self,
        helpers: list[Helper],
        verb: str,
        argument: Any,
        root: str,
        items: Items,
        patience: float,
    ) -> None:
        self._work: Callable[[str | bytes], T] = reader.VERBS[verb](argument)
        self._root = root
        self._items = items
        self._results: list[T | OSError | None] = [None] * len(items)
        self._shares = [
            Share(share, items.sums(share), patience) for share in items.deal(max(len(helpers), 1))
        ]
        for helper, share in zip(helpers, self._shares, strict=False):
            if share.items:
                text, goal = items.asked(share.items)
                helper.ask(verb, argument, root, text, goal, share)
        if not helpers:
            self._shares[0].give_up()

    @property
    def names(self) -> Sequence[Any]:
        """Of the items, one by one."""
        return self._items.names

    def finish(
        self, on_item: Callable[[int, int], None] = lambda done, total: None
    ) -> list[T | OSError]:
        """The answer for each path, or why there is none; in the order given.

        None where it is the one that was expected.

        Args:
            on_item: called now and then with items done and items in all.
        """
        total = len(self._items)
        for share in self._shares:
            share.hurry()
        for step in itertools.count():
            # Asked anew for each: while one is looked at, its helper may come to its end.
            unfinished = [share for share in self._shares if share.left()]
            if not unfinished:
                break
            share = max(unfinished, key=Share.cost_left)
            self._do(share.take())
            if step % _STEP == 0:
                on_item(total - sum(s.left() for s in self._shares), total)
        for share in self._shares:
            share.forget()
            if share.answers.count(None) == len(share.answers):
                continue
            for number, answer in zip(share.items, share.answers, strict=False):
                if answer is not None and self._results[number] is None:
                    self._results[number] = self._told(number, answer)
        on_item(total, total)
        return self._results  # type: ignore[return-value]

    def _do(self, numbers: Sequence[int]) -> None:
        if not numbers:
            return
        names, goal = self._items.some(numbers), self._items.goal(numbers)
        answers = reader.answers(self._work, self._root, names, goal)
        for number, answer in zip(numbers, itertools.chain.from_iterable(answers), strict=True):
            if answer is not None:
                self._results[number] = answer

    def _told(self, number: int, answer: Any) -> T | OSError:
        if isinstance(answer, int):
            (name,) = self._items.some([number])
            return OSError(answer, os.strerror(answer), reader.native(self._root, name))
        return answer  # type: ignore[no-any-return]
