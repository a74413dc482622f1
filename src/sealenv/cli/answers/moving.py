"""What `audit`, `move` and `clone` answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from sealenv.cli.answers.words import AbsolutePath, Count, InPrefix, Seconds, Sha256, Warned, one_of
from sealenv.portability.finding import KINDS as PATH_KINDS
from sealenv.portability.finding import MENDS, WHOSE

__all__ = ["Audited", "Check", "Cloned", "Left", "Moved", "Patched", "PathFound"]


class Patched(TypedDict):
    """A file that was made relative."""

    path: InPrefix
    before: Sha256
    after: Sha256
    what: str


class PathFound(TypedDict):
    """One path in one file."""

    path: InPrefix
    owner: str | None
    kind: one_of(PATH_KINDS)  # type: ignore[valid-type]
    whose: one_of(WHOSE)  # type: ignore[valid-type]
    found: str
    count: Count
    forms: Annotated[dict[str, int], Meta(description="how it is written -> how often")]
    matters: bool
    why: str
    mend: one_of(MENDS)  # type: ignore[valid-type]
    room: int | None
    left: bool


class Audited(Warned):
    """`audit`: exit code 1 unless `left` is 0."""

    prefix: AbsolutePath
    platform: str
    former: list[str]
    files: Count
    matters: Count
    left: Count
    patched: list[Patched] | None
    registered: list[InPrefix] | None
    findings: list[PathFound]


class Left(TypedDict):
    """A file that keeps the old path."""

    path: InPrefix
    why: str


class Check(TypedDict, total=False):
    """What the environment answered; empty where it was not run."""

    python: str | None
    tools: dict[str, str]


class Moved(Warned):
    """`move`."""

    prefix: AbsolutePath
    was: str
    how: Literal["renamed", "copied", "mended", "unchanged"]
    dry_run: bool
    mended: list[InPrefix]
    deleted: list[InPrefix]
    left: list[Left]
    unsigned: list[InPrefix]
    checked: bool
    check: Check
    original: bool
    seconds: Seconds


class Cloned(Warned):
    """`clone`."""

    prefix: AbsolutePath
    of: AbsolutePath
    linked: Count
    copied: Count
    mended: list[InPrefix]
    deleted: list[InPrefix]
    left: list[Left]
    checked: bool
    check: Check
    seconds: Seconds
