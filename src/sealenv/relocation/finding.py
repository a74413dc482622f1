"""What an audit says of one path in one file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from sealenv.fields import Count, InPrefix, one_of

__all__ = ["KINDS", "MENDS", "WHOSE", "PathFinding"]

KINDS = {
    "placeholder": "its package needs the path: the record says that it was written into the file",
    "installer": "who installed it wrote the path: a launcher, an activation script, a `.pth` file",
    "record": "bookkeeping: what conda, pip or sealenv noted about the environment",
    "link": "the text of a symbolic link",
    "compiled": "compiled Python, with the path from its source or of its source",
    "data": "anything else",
    "unreadable": "it could not be searched",
}
"""Every kind of file that holds a path (docs/how-to/audit.md)."""

WHOSE = {
    "own": "the environment itself",
    "former": "where the environment was before it was moved by hand, or by a move that could not mend "
    "the file",
}
"""Whose path it is."""

MENDS = {
    "relative": "`sealenv audit --fix` makes the file find the environment by its own place",
    "move": "`sealenv move` re-writes it",
    "length": "`sealenv move` re-writes it for a path of the same length, and leaves it for others",
    "none": "nobody but you can",
}
"""What can be done about it."""


@dataclass(frozen=True)
class PathFinding:
    """One path in one file.

    Attributes:
        path: of the file, relative to the prefix, with `/`.
        owner: the package or distribution that it belongs to; None: none.
        kind: one of `KINDS`.
        whose: one of `WHOSE`.
        found: the path that the file holds.
        count: how often the file holds it.
        forms: how it is written -> how often (`spellings.FORMS`).
        matters: whether something breaks at run time if it is not re-written.
        why: why it matters or does not, as half a sentence.
        mend: one of `MENDS`.
        room: the longest path (in bytes) that can be written in its place; None: any.
        left: whether it matters and neither `move` nor `audit --fix` mends it: exit code 1.
    """

    path: InPrefix
    owner: str | None
    kind: Annotated[str, one_of(KINDS)]
    whose: Annotated[str, one_of(WHOSE)]
    found: str
    count: Count = field(init=False)
    forms: Annotated[dict[str, int], Meta(description="how it is written -> how often")] = field(
        hash=False
    )
    matters: bool
    why: str
    mend: Annotated[str, one_of(MENDS)]
    room: int | None = None
    left: bool = field(init=False)

    def __post_init__(self) -> None:
        left = self.matters and (self.mend in ("none", "length") or self.whose == "former")
        object.__setattr__(self, "count", sum(self.forms.values()))
        object.__setattr__(self, "left", left)
