"""What `verify`, `repair`, `seal` and `report` answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from sealenv.cli.answers.creating import Prints
from sealenv.cli.answers.words import AbsolutePath, Count, InPrefix, Sha256, Texts, Warned, one_of
from sealenv.seals.findings import KINDS

__all__ = [
    "BeforeAndNow",
    "Finding",
    "LeftFinding",
    "Repaired",
    "Reported",
    "Sealed",
    "ThenAndNow",
    "Verified",
]


class Finding(TypedDict):
    """One thing that is not as it was made."""

    kind: one_of(KINDS)  # type: ignore[valid-type]
    path: InPrefix
    package: str | None
    detail: str


class ThenAndNow(TypedDict):
    """Fingerprints, as sealed and as they are."""

    sealed: Prints | None
    now: Prints | None


class Verified(Warned):
    """`verify`: exit code 1 when damaged."""

    prefix: AbsolutePath
    fast: bool
    packages: Count
    files: Count
    hashed: Count
    damaged: bool
    findings: list[Finding]
    fingerprints: ThenAndNow
    notes: Texts


class LeftFinding(Finding):
    """A finding that is left, with what to do about it."""

    hint: str


class Repaired(Warned):
    """`repair`: exit code 1 when something is left."""

    prefix: AbsolutePath
    dry_run: bool
    repaired: list[Finding]
    left: list[LeftFinding]


class BeforeAndNow(TypedDict):
    """Fingerprints, of the seal before and of the new one."""

    before: Prints | None
    now: Prints | None


class Sealed(Warned):
    """`seal`."""

    prefix: AbsolutePath
    dry_run: bool
    adopted: bool
    added: dict[str, str]
    removed: dict[str, str]
    changed: Annotated[dict[str, list[str]], Meta(description="name -> before and after")]
    files: list[Finding]
    retaken: Annotated[
        bool,
        Meta(description="nothing has changed but sizes, times and inodes: they were taken anew"),
    ]
    lock_digest: Sha256
    fingerprints: BeforeAndNow


class Reported(Warned):
    """`report -o FILE`: what was written, and what verify and audit came to; null: not asked."""

    output: AbsolutePath
    format: Literal["html", "cyclonedx"]
    bytes: Count
    prefix: AbsolutePath
    state: Literal["sealed", "pending", "foreign", "moved", "unreadable"]
    packages: Count
    distributions: Count
    damaged: bool | None
    findings: Count | None
    left: Count | None
