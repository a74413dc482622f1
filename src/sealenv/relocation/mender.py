"""One file, from one place to another: what `portability.rewriting` makes of it, or why it cannot."""

from __future__ import annotations

from typing import BinaryIO

from sealenv.errors import UsageError
from sealenv.portability.occurrences import occurrences_in
from sealenv.portability.rewriting.change import (
    DOES_NOT_FIT,
    Change,
    Hints,
    Refusal,
    RefusedError,
    Rewriting,
)
from sealenv.portability.rewriting.pyc import is_too_large
from sealenv.portability.rewriting.text import target_of_link
from sealenv.portability.rewriting.whole import rewrite
from sealenv.portability.spellings import Spellings

__all__ = ["Mender", "UnmendableError"]

_NO_HINTS = Hints()


class UnmendableError(Exception):
    """A file cannot have the new place.

    Attributes:
        refusal: why.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal

    @property
    def over(self) -> int:
        """How many bytes the new place is too long for a binary; 0 if that is not why."""
        return self.refusal.over if self.refusal.reason == DOES_NOT_FIT else 0


class Mender:
    """Writes the new place for the old one, in the form that it has in a file.

    Args:
        old: the path that files hold.
        new: the path that they are to hold.
        platform: the subdir of the environment.

    Raises:
        UsageError: the new path holds the old one, or one of them is no path.
    """

    def __init__(self, old: str, new: str, platform: str) -> None:
        self.old, self.new, self.platform = old, new, platform
        try:
            self._change = Change.between(old, new, platform)
        except ValueError as error:
            raise UsageError(
                "the two paths cannot be told from each other in a file",
                details=[old, new],
                hint="choose another place",
            ) from error

    def back(self) -> Mender:
        """The other way."""
        return Mender(self.new, self.old, self.platform)

    @property
    def spellings(self) -> Spellings:
        """The old place in all its forms: what is looked for."""
        return self._change.old

    def is_in(self, path: str, file: BinaryIO) -> bool:
        """Whether the old place is in a file that was opened.

        What is before a string in a compiled file is its length, which looks like any letter: there the
        strings are asked.
        """
        if path.endswith(".pyc"):
            if is_too_large(file):
                return True  # a spelling was found in it; `fitting` refuses such a file
            data = file.read()
            data = data.lower() if self._change.old.ignore_case else data
            if not any(spelling.data in data for spelling in self._change.old.all):
                return False
            found = rewrite(path, file, self._change)
            return isinstance(found, Refusal) or bool(found.edits)
        return next(occurrences_in(file, self._change.old), None) is not None

    def link(self, text: str) -> str | None:
        """The text of a link that holds the old place; None where it does not.

        Raises:
            UnmendableError: the new place cannot be written so.
        """
        try:
            after = target_of_link(text, self._change)
        except RefusedError as error:
            raise UnmendableError(error.refusal) from error
        return None if after == text else after

    def look(self, path: str, content: bytes | BinaryIO, hints: Hints | None = None) -> Rewriting:
        """What is to be done with a file of any size.

        Args:
            path: relative to the prefix.
            content: its bytes, or a file that can be sought in.
            hints: what its package says of it.

        Raises:
            UnmendableError: it cannot be done.
            OSError: it cannot be read.
        """
        found = rewrite(path, content, self._change, hints or _NO_HINTS)
        if isinstance(found, Refusal):
            raise UnmendableError(found)
        return found

    def __call__(self, path: str, data: bytes, hints: Hints | None = None) -> bytes:
        """The bytes with the new place: see `look`."""
        return self.look(path, data, hints).apply(data)
