"""A change from one path to another, and the edits that it makes in a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sealenv.relocation.find import FORMS, Data, Occurrence, Paths, absolute, occurrences, spell

_BLOCK = 1 << 20


class Edit(NamedTuple):
    """Replace the bytes from `start` up to `end` by `data`."""

    start: int
    end: int
    data: bytes

    @property
    def growth(self) -> int:
        """By how many bytes the file grows."""
        return len(self.data) - (self.end - self.start)


class RefusedError(Exception):
    """A file cannot hold the new path.

    Attributes:
        what: why, as half a sentence.
        over: how many bytes the new path is too long for a binary; 0 for other reasons.
        same_length: a path of the same length would fit.
    """

    def __init__(self, what: str, over: int = 0, *, same_length: bool = False) -> None:
        super().__init__(what)
        self.what, self.over, self.same_length = what, over, same_length


@dataclass(frozen=True)
class Change:
    """The paths that are searched for, and the one to write. Create it with `between`.

    Attributes:
        old: the paths to replace; not where one is the beginning of the new one.
        new: the path to write.
        platform: the subdir of the environment.
    """

    old: Paths
    new: str
    platform: str

    @classmethod
    def between(cls, old: str | Iterable[str], new: str, platform: str) -> Change:
        """Make a change from absolute paths to another one.

        Raises:
            ValueError: one of them is not the path of a folder.
        """
        olds = [old] if isinstance(old, str) else old
        return cls(Paths.of(olds, platform, apart_from=new), absolute(new), platform)

    @cached_property
    def _written(self) -> dict[str, bytes]:
        return {form: spell(self.new, form) for form in FORMS}

    def edit(self, found: Occurrence) -> Edit:
        """Return the edit that replaces an occurrence by the new path in the same form."""
        return Edit(found.start, found.end, self._written[found.form])

    def edits(self, data: Data) -> list[Edit]:
        """Return the edits that replace every occurrence."""
        return [self.edit(found) for found in occurrences(data, self.old)]

    def apply(self, data: bytes) -> bytes:
        """Replace every occurrence."""
        return Rewriting(self.edits(data)).apply(data)


@dataclass(frozen=True)
class Rewriting:
    """How a file gets the new path.

    Attributes:
        edits: in order, none overlapping.
        delete: delete the file: it is compiled Python, which Python writes again.
        unsigned: the edits break the signature of a macOS program.
    """

    edits: list[Edit] = field(default_factory=list)
    delete: bool = False
    unsigned: bool = False

    @property
    def needed(self) -> bool:
        """Whether the file changes."""
        return bool(self.edits) or self.delete

    def pieces(self, data: Data) -> Iterator[bytes]:
        """Yield the new bytes of the file, in pieces of at most 1 MiB and edits."""
        position = 0
        for start, end, new in [*self.edits, Edit(len(data), len(data), b"")]:
            for at in range(position, start, _BLOCK):
                yield data[at : min(at + _BLOCK, start)]
            yield new
            position = end

    def apply(self, data: Data) -> bytes:
        """Return the new bytes of the file."""
        return b"".join(self.pieces(data))
