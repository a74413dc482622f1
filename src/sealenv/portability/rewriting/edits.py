"""The edits of one file, in a few bytes each: a log can hold a path millions of times."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

__all__ = ["Edit", "Edits"]


@dataclass(frozen=True)
class Edit:
    """Bytes from `start` to before `end` become `data`."""

    start: int
    end: int
    data: bytes

    @property
    def growth(self) -> int:
        """How many bytes longer the file gets."""
        return len(self.data) - (self.end - self.start)


class Edits(Sequence[Edit]):
    """Edits in order, none overlapping. Equal data is kept once, and an `Edit` is made when asked for.

    Args:
        edits: the first ones.
    """

    def __init__(self, edits: Iterable[Edit] = ()) -> None:
        self._starts, self._ends = array("Q"), array("Q")
        self._kinds = array("L")
        self._datas: list[bytes] = []
        self._numbers: dict[bytes, int] = {}
        self.in_place = True
        """Whether every edit keeps its length: a copy can be changed at the offsets alone."""
        for edit in edits:
            self.append(edit)

    def append(self, edit: Edit) -> None:
        """Add one that starts where the last one ended, or behind that."""
        number = self._numbers.get(edit.data)
        if number is None:
            number = self._numbers[edit.data] = len(self._datas)
            self._datas.append(edit.data)
        self._starts.append(edit.start)
        self._ends.append(edit.end)
        self._kinds.append(number)
        self.in_place = self.in_place and edit.growth == 0

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, index: int) -> Edit: ...
    @overload
    def __getitem__(self, index: slice) -> Edits: ...
    def __getitem__(self, index: int | slice) -> Edit | Edits:
        if isinstance(index, slice):
            return Edits(self[i] for i in range(*index.indices(len(self))))
        return Edit(self._starts[index], self._ends[index], self._datas[self._kinds[index]])

    def __iter__(self) -> Iterator[Edit]:
        for start, end, kind in zip(self._starts, self._ends, self._kinds, strict=True):
            yield Edit(start, end, self._datas[kind])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Edits):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Edits({list(self[:3])!r}{'...' if len(self) > 3 else ''})"
