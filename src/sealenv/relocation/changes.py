"""What mending made of files, by digest: everything that vouches for bytes is told by this."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass

from sealenv.fields import InPrefix
from sealenv.portability.rewriting.metadata import Mark, Rewritten
from sealenv.system.reader import sha256_of

__all__ = ["Hashed", "Left", "mark_of", "reversed_changes"]


@dataclass(frozen=True)
class Left:
    """A file that keeps the old path, and why."""

    path: InPrefix
    why: str


def reversed_changes(changes: Mapping[str, Rewritten]) -> dict[str, Rewritten]:
    """As if it went back."""
    return {path: Rewritten(change.after, change.before) for path, change in changes.items()}


class Hashed:
    """What is written to it is hashed and forgotten."""

    def __init__(self) -> None:
        self._sha256, self._size = hashlib.sha256(), 0

    def write(self, data: bytes) -> int:
        """Take it."""
        self._sha256.update(data)
        self._size += len(data)
        return len(data)

    @property
    def mark(self) -> Mark:
        """Of all of it."""
        return Mark(self._sha256.digest(), self._size)


def mark_of(name: str | bytes) -> Mark:
    """That of a file, which is not held in memory."""
    return Mark(sha256_of(name)[0], os.lstat(name).st_size)
