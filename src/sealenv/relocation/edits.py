"""From one path to another: the edits of a file, or the reason why there can be none."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, NamedTuple

from sealenv.relocation.occurrences import Occurrence, occurrences
from sealenv.relocation.spellings import FORMS, Spellings, spell, spellings

__all__ = ["Change", "Edit", "Hints", "RefusedError", "Rewriting", "splice"]

_BLOCK = 1 << 20


class Edit(NamedTuple):
    """Bytes from `start` to before `end` become `data`."""

    start: int
    end: int
    data: bytes

    @property
    def growth(self) -> int:
        """How many bytes longer the file gets."""
        return len(self.data) - (self.end - self.start)


class RefusedError(Exception):
    """A file cannot hold the new path.

    Attributes:
        what: why, as half a sentence.
        over: how many bytes the new path is too long for a binary; 0 for other reasons.
    """

    def __init__(self, what: str, over: int = 0) -> None:
        super().__init__(what)
        self.what, self.over = what, over


@dataclass(frozen=True)
class Change:
    """The old path, which is searched for, and the new one. Make it with `between`.

    Attributes:
        old: in all forms; not where it is a part of the new one.
        new: the path that files are to hold.
        platform: the subdir of the environment.
    """

    old: Spellings
    new: str
    platform: str

    @classmethod
    def between(cls, old: str, new: str, platform: str) -> Change:
        """A change from one absolute path to another.

        Raises:
            ValueError: one is not the path of a folder.
        """
        there = spellings(new, platform)
        return cls(spellings(old, platform).apart_from(there), there.place, platform)

    @cached_property
    def _written(self) -> dict[str, bytes]:
        return {form: spell(self.new, form) for form in FORMS}

    def written(self, found: Occurrence) -> bytes:
        """The new path in the form of an old one."""
        return self._written[found.form]

    def edits(self, data: bytes) -> list[Edit]:
        """Those of short bytes."""
        return [Edit(o.start, o.end, self.written(o)) for o in occurrences(data, self.old)]

    def apply(self, data: bytes) -> bytes:
        """Short bytes, with every occurrence changed."""
        return splice(data, self.edits(data))


@dataclass(frozen=True)
class Hints:
    """What a package's record says of a file.

    Attributes:
        file_mode: `text` or `binary` (CEP 34).
        placeholder: bytes that a path in it may have: the length of the record's `prefix_placeholder`.
            Without it a path in a program may not become longer.
    """

    file_mode: str | None = None
    placeholder: int | None = None


@dataclass(frozen=True)
class Rewriting:
    """What is to be done with a file.

    Attributes:
        kind: `text`, `program`, `compiled`, `launcher` or `data`.
        edits: in order, none overlapping; none: there is nothing to do.
        delete: it is compiled Python that holds the path: Python writes it again.
        unsigned: it is a program of macOS whose signature no longer holds.
    """

    kind: str
    edits: list[Edit] = field(default_factory=list)
    delete: bool = False
    unsigned: bool = False

    @property
    def needed(self) -> bool:
        """Whether anything is to be done."""
        return bool(self.edits) or self.delete

    def apply_to(self, source: BinaryIO, target: BinaryIO) -> None:
        """Write the new bytes from one stream to another, both at their start.

        Raises:
            OSError: as the operating system says.
        """
        position = 0
        for edit in self.edits:
            _copy(source, target, edit.start - position)
            target.write(edit.data)
            source.seek(edit.end)
            position = edit.end
        shutil.copyfileobj(source, target, _BLOCK)


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with these edits made."""
    pieces, position = [], 0
    for edit in edits:
        pieces += [data[position : edit.start], edit.data]
        position = edit.end
    return b"".join([*pieces, data[position:]])


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    while count > 0:
        piece = source.read(min(count, _BLOCK))
        if not piece:
            raise io.UnsupportedOperation("the file is shorter than it was")
        target.write(piece)
        count -= len(piece)
