"""What a fix would do: parts of files replaced, registry values set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sealenv.checkup.registry import Key, Value

__all__ = ["Change", "Cut", "SetValue"]


@dataclass(frozen=True)
class Cut:
    """A part of a text file replaced.

    Attributes:
        path: of the file, as it was found: perhaps a link.
        start: of the part, in characters (`text.decode`).
        end: likewise.
        put: what stands there instead.
        digest: sha256 of the file's bytes that this was made from.
    """

    path: Path
    start: int
    end: int
    put: str
    digest: str


@dataclass(frozen=True)
class SetValue:
    """A registry value set to another one, or deleted (None)."""

    key: Key
    name: str
    before: Value
    after: Value | None


Change = Cut | SetValue
