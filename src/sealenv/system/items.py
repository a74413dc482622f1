"""What several processes are asked: names, what each costs, and what is expected as the answer."""

from __future__ import annotations

import itertools
from functools import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from sealenv.system.reader import Part, Source

__all__ = ["Items", "Listed", "OnePiece"]


class Listed:
    """Each has its own cost; what is expected of it, if anything, is any object.

    Args:
        names: as `reader.native` takes them.
        costs: of each, in bytes that could be hashed meanwhile (a wrong one costs time, nothing else).
        expected: the answers, where only others are wanted.
    """

    def __init__(
        self, names: Sequence[str], costs: Sequence[int], expected: Sequence[Any] | None = None
    ) -> None:
        self.names = names
        self._costs = costs
        self._expected = expected

    def __len__(self) -> int:
        return len(self.names)

    @property
    def cost(self) -> int:
        """Of all of them."""
        return sum(self._costs)

    def deal(self, count: int) -> list[Sequence[int]]:
        """Their numbers, for so many processes: the costly ones of each first."""
        order = sorted(range(len(self)), key=self._costs.__getitem__, reverse=True)
        return [order[start::count] for start in range(count)]

    def sums(self, share: Sequence[int]) -> Sequence[int]:
        """What so many of the first of a share cost."""
        return [0, *itertools.accumulate(map(self._costs.__getitem__, share))]

    def asked(self, share: Sequence[int]) -> tuple[str, list[Any] | None]:
        """What a helper is asked that has this share: the names, a NUL between two; and the answers."""
        return "\0".join(map(self.names.__getitem__, share)), self.goal(share)

    def some(self, numbers: Sequence[int]) -> Sequence[str]:
        """The names of any of them."""
        return list(map(self.names.__getitem__, numbers))

    def goal(self, numbers: Sequence[int]) -> list[Any] | None:
        """What is expected of any of them."""
        return list(map(self._expected.__getitem__, numbers)) if self._expected else None


class OnePiece:
    """All cost the same, and names and expected answers are one piece each: nobody takes it apart.

    So a helper has its share a moment after the file was read in which they are; most of it does not go
    through a pipe, since it reads that file too.

    Args:
        paths: the names as bytes, a NUL between two.
        expected: the answers, bytes of one size.
        size: that.
        cost: of each.
        source: where in a file both are, if they are in one.
    """

    def __init__(
        self,
        paths: bytes,
        expected: bytes,
        size: int,
        cost: int,
        source: Source | None = None,
    ) -> None:
        self._paths = paths
        self._expected = expected
        self._size = size
        self._each = cost
        self._source = source
        self._count = len(expected) // size
        self._offsets = {0: 0, self._count: len(paths) + 1}

    def __len__(self) -> int:
        return self._count

    @property
    def cost(self) -> int:
        """Of all of them."""
        return self._count * self._each

    @cached_property
    def names(self) -> list[bytes]:
        """One by one."""
        return self._paths.split(b"\0") if self._count else []

    def deal(self, count: int) -> list[Sequence[int]]:
        """Their numbers, for so many processes: in pieces of about the same length."""
        ends = [0]
        for part in range(1, count):
            at = self._paths.find(b"\0", len(self._paths) * part // count)
            number = self._count if at < 0 else self._paths.count(b"\0", 0, at) + 1
            self._offsets.setdefault(number, at + 1)
            ends.append(number)
        return [range(*pair) for pair in itertools.pairwise([*ends, self._count])]

    def sums(self, share: Sequence[int]) -> Sequence[int]:
        """What so many of the first of a share cost."""
        return range(0, (len(share) + 1) * self._each, self._each)

    def asked(self, share: Sequence[int]) -> tuple[bytes | Part, bytes | Part]:
        """What a helper is asked that has this share: the names, a NUL between two; and the answers."""
        start, end = (self._offsets[number] for number in (share[0], share[-1] + 1))
        if self._source is None:
            return self._paths[start : end - 1], self.goal(share)
        path, known, paths, expected = self._source
        goal = path, known, expected + share[0] * self._size, len(share) * self._size
        return (path, known, paths + start, end - 1 - start), goal

    def some(self, numbers: Sequence[int]) -> Sequence[bytes]:
        """The names of some that follow each other."""
        return self.names[numbers[0] : numbers[-1] + 1]

    def goal(self, numbers: Sequence[int]) -> bytes:
        """What is expected of some that follow each other."""
        return self._expected[numbers[0] * self._size : (numbers[-1] + 1) * self._size]


Items = Listed | OnePiece
