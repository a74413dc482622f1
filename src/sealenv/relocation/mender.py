"""One file's bytes, from one place to another."""

from __future__ import annotations

import re

__all__ = ["DoesNotFitError", "Mender"]


class DoesNotFitError(ValueError):
    """A binary has less room than the new path takes.

    Attributes:
        room: how long a path, in bytes, there is room for.
    """

    def __init__(self, room: int) -> None:
        super().__init__(f"there is room for {room} bytes")
        self.room = room


class Mender:
    """Writes the new place for the old one.

    Args:
        old: the path that files hold.
        new: the path that they are to hold.
        platform: the subdir of the environment.
    """

    def __init__(self, old: str, new: str, platform: str) -> None:
        self.old, self.new, self.platform = old, new, platform
        self._old = old.encode("utf-8", "surrogateescape")
        self._new = new.encode("utf-8", "surrogateescape")
        self._text = re.compile(re.escape(self._old) + rb"(?![\w.-])")
        self._binary = re.compile(re.escape(self._old) + rb"(?![\w.-])([^\0]*)(\0+)")

    def holds(self, data: bytes) -> bool:
        """Whether the old place is in there."""
        return self._text.search(data) is not None

    def back(self) -> Mender:
        """The other way."""
        return Mender(self.new, self.old, self.platform)

    def __call__(self, path: str, data: bytes, room: int | None = None) -> bytes:
        """The bytes with the new place.

        Args:
            path: relative to the prefix.
            data: what is there.
            room: how long the placeholder of the package was, in bytes, if it had one.

        Raises:
            DoesNotFitError: a binary has no room for it.
        """
        if path.endswith(".pyc") and len(self._old) != len(self._new):
            return data
        if b"\0" not in data:
            return self._text.sub(lambda found: self._new, data)

        def replace(found: re.Match[bytes]) -> bytes:
            text = self._new + self._text.sub(lambda inner: self._new, found[1])
            spare = len(found[0]) - len(text)
            if spare < 1:
                raise DoesNotFitError(len(self._old) + len(found[2]) - 1)
            return text + bytes(spare)

        return self._binary.sub(replace, data)
