"""What mending made of files, by digest: everything that vouches for bytes is told by this."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

__all__ = ["Change", "Left", "Mark", "reversed_changes"]


class Mark(NamedTuple):
    """By what bytes are known."""

    sha256: bytes
    size: int

    @classmethod
    def of(cls, data: bytes) -> Mark:
        """That of these bytes."""
        return cls(hashlib.sha256(data).digest(), len(data))


class Change(NamedTuple):
    """One file that holds the new place now."""

    before: Mark
    after: Mark


class Left(NamedTuple):
    """Something that holds the old place and keeps it."""

    path: str
    why: str

    def to_json(self) -> dict[str, str]:
        """For `--json`."""
        return {"path": self.path, "why": self.why}


def reversed_changes(changes: Mapping[str, Change]) -> dict[str, Change]:
    """As if it went back."""
    return {path: Change(change.after, change.before) for path, change in changes.items()}
