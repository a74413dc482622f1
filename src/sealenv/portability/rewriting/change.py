"""From one place to another; what is to be changed in a file for it, or why that cannot be."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Literal

from sealenv.portability.occurrences import Occurrence, occurrences
from sealenv.portability.rewriting.edits import Edit, Edits
from sealenv.portability.spellings import Spellings, spellings

__all__ = [
    "DOES_NOT_FIT",
    "NOT_UNDERSTOOD",
    "NO_FORM",
    "Change",
    "Hints",
    "Refusal",
    "RefusedError",
    "Rewriting",
]

Reason = Literal["does not fit", "not understood", "no such form"]
DOES_NOT_FIT: Reason = "does not fit"
NOT_UNDERSTOOD: Reason = "not understood"
NO_FORM: Reason = "no such form"


@dataclass(frozen=True)
class Change:
    """The old place and the new one. Make it with `between`."""

    old: Spellings
    new: Spellings
    platform: str

    @classmethod
    def between(
        cls,
        old: str,
        new: str,
        platform: str,
        *,
        old_real: str | None = None,
        new_real: str | None = None,
    ) -> Change:
        """A change that can be told from none: nothing of the old place is in the new one.

        Args:
            old: absolute path where the environment was.
            new: where it will be.
            platform: its subdir.
            old_real: where `old` leads to, if there is a link in it.
            new_real: where `new` does.

        Raises:
            ValueError: a path is none of a folder, or the new place is inside the old one (then
                what was rewritten would be rewritten again).
        """
        change = cls(
            spellings(old, platform, real=old_real),
            spellings(new, platform, real=new_real),
            platform,
        )
        for spelling in change.old.all:
            for real in (False, True):
                written = change.new.spell(spelling.form, real=real)
                if written and next(occurrences(written, change.old), None):
                    raise ValueError(f"the new place holds the old one: {old!r}, {new!r}")
        return change

    def back(self) -> Change:
        """The way back."""
        return Change(self.new, self.old, self.platform)

    def written(self, found: Occurrence) -> bytes:
        """The new place as the old one was written.

        Raises:
            RefusedError: it has no such form.
        """
        spelling = found.spelling
        data = self.new.spell(spelling.form, real=spelling.real)
        if data is None:
            raise RefusedError(
                Refusal(NO_FORM, f"the new place cannot be written as {spelling.form.name}")
            )
        return data

    def apply(self, data: bytes) -> bytes:
        """Short bytes, with every occurrence changed.

        Raises:
            RefusedError: as `written`.
        """
        edits = [Edit(o.start, o.end, self.written(o)) for o in occurrences(data, self.old)]
        return splice(data, edits)


@dataclass(frozen=True)
class Hints:
    """What is known of a file that its bytes do not tell.

    Attributes:
        file_mode: `text` or `binary`, as its package's record says (CEP 34).
        placeholder: how many bytes a path in it may have: the length of the record's
            `prefix_placeholder`, or of the longest place that the file was made for. Without it
            a path in a program may not become longer.
        linked: a package's record names the file (entry points too): its first line is written as
            conda's linkers write it, not as pip does.
    """

    file_mode: str | None = None
    placeholder: int | None = None
    linked: bool = False


@dataclass(frozen=True)
class Refusal:
    """Why a file cannot be rewritten.

    Attributes:
        reason: `DOES_NOT_FIT`, `NOT_UNDERSTOOD` or `NO_FORM`.
        what: for people.
        over: bytes that are too many; 0 for other reasons.
    """

    reason: Reason
    what: str
    over: int = 0


class RefusedError(Exception):
    """Carries a refusal to `rewrite`, which returns it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal


@dataclass(frozen=True)
class Rewriting:
    """What is to be done with a file.

    Attributes:
        kind: what it was taken for: `text`, `program`, `pyc`, `launcher` or `data`.
        edits: in order, none overlapping; none: there is nothing to do.
        unsigned: it is a program of macOS whose signature no longer holds.
        lossy: a shebang has lost its path: the way back does not bring it back.
        shifted: it has more lines or fewer: if it is a source, it has to be compiled again.
    """

    kind: str
    edits: Edits = field(default_factory=Edits)
    unsigned: bool = False
    lossy: bool = False
    shifted: bool = False

    @property
    def in_place(self) -> bool:
        """Whether every edit keeps its length: a copy can be changed at the offsets alone."""
        return self.edits.in_place

    def apply(self, content: bytes) -> bytes:
        """The new bytes of the file that this was made for."""
        return splice(content, self.edits)

    def apply_to(self, source: BinaryIO, target: BinaryIO) -> None:
        """The same from one stream to another, both at their start; nothing is held in memory.

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

    def patch(self, copy: BinaryIO) -> None:
        """Change a copy of the file where it stands; only if `in_place`.

        Raises:
            OSError: as the operating system says.
        """
        for edit in self.edits:
            copy.seek(edit.start)
            copy.write(edit.data)


_BLOCK = 1 << 20


def splice(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes with these edits made."""
    return b"".join(_pieces(data, edits))


def _pieces(data: bytes, edits: Iterable[Edit]) -> Iterator[bytes]:
    position = 0
    for edit in edits:
        yield data[position : edit.start]
        yield edit.data
        position = edit.end
    yield data[position:]


def _copy(source: BinaryIO, target: BinaryIO, count: int) -> None:
    while count > 0:
        piece = source.read(min(count, _BLOCK))
        if not piece:
            raise io.UnsupportedOperation("the file is shorter than it was")
        target.write(piece)
        count -= len(piece)
