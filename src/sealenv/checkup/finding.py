"""What a check says, and the check itself."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sealenv.errors import SealenvError
from sealenv.masking import masked

if TYPE_CHECKING:
    from sealenv.checkup.changes import Change
    from sealenv.checkup.computer import Computer

__all__ = ["BY_HAND", "Check", "Finding", "Seen", "Severity", "plain_text"]

BY_HAND = "look at it yourself; the other checks were made"


class Severity(enum.Enum):
    """How much a finding matters."""

    ERROR = "error"
    """It makes a shell dirty, or an environment fail."""
    WARNING = "warning"
    """It can, together with something else."""
    NOTE = "note"
    """Worth knowing."""


@dataclass(frozen=True)
class Seen:
    """What a check saw at one place.

    Attributes:
        severity: how much it matters.
        what: half a sentence: what was found.
        where: FILE:LINE, a registry value, a folder or a variable.
        evidence: lines as they stand there.
        how: what to do, or what the fix does.
        why: instead of the check's own reason.
        changes: the fix, if there is one.
    """

    severity: Severity
    what: str
    where: str
    how: str
    evidence: tuple[str, ...] = ()
    why: str | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Finding:
    """What a check saw, with the check's name and reason."""

    check: str
    seen: Seen
    why: str

    @property
    def severity(self) -> Severity:
        """How much it matters."""
        return self.seen.severity

    @property
    def fixable(self) -> bool:
        """Whether `doctor --fix` has a fix for it."""
        return bool(self.seen.changes)

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready mapping (docs/reference/json.md)."""
        return {
            "id": self.check,
            "severity": self.severity.value,
            "what": plain_text(self.seen.what),
            "where": plain_text(self.seen.where),
            "evidence": [plain_text(line) for line in self.seen.evidence],
            "why": plain_text(self.why),
            "fix": plain_text(self.seen.how),
            "how": plain_text(self.seen.how),
            "fixable": self.fixable,
        }


def plain_text(text: str) -> str:
    """A text with bytes that are no UTF-8, or half a pair of UTF-16, as text that JSON can hold."""
    return (
        _HALF.sub(lambda half: f"\\u{ord(half[0]):04x}", text)
        .encode("utf-8", "surrogateescape")
        .decode("utf-8", "backslashreplace")
    )


_HALF = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Surrogates that stand for no byte."""


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        id: its name on the command line; never changed.
        title: what it finds, as half a sentence.
        why: why that can hurt.
        severities: which it may have.
        look: what looks; it changes nothing and starts no process.
        fix: what `--fix` does; None where there is no fix.
        platforms: `posix`, `windows`.
    """

    id: str
    title: str
    why: str
    severities: tuple[Severity, ...]
    look: Callable[[Computer], Iterable[Seen]]
    fix: str | None = None
    platforms: tuple[str, ...] = ("posix", "windows")

    def examine(self, computer: Computer) -> Iterator[Finding]:
        """What it finds; what stops it is a finding too, so that it never stops the others."""
        try:
            for seen in self.look(computer):
                yield Finding(self.id, _without_secrets(seen), seen.why or self.why)
        except (OSError, SealenvError, ValueError, RecursionError) as error:
            what = masked(f"this check could not be finished: {error}".split("\n")[0])
            seen = Seen(Severity.WARNING, what, _where(error) or self.id, BY_HAND)
            yield Finding(self.id, seen, self.why)


def _without_secrets(seen: Seen) -> Seen:
    """What is shown of it; a path stays what it is, so that `--fix ID:FILE` can name it."""
    return replace(
        seen,
        what=masked(seen.what),
        where=seen.where if os.path.isabs(seen.where) else masked(seen.where),
        how=masked(seen.how),
        evidence=tuple(map(masked, seen.evidence)),
    )


def _where(error: Exception) -> str | None:
    if isinstance(error, SealenvError):
        return error.where
    name = getattr(error, "filename", None)
    return str(name) if name else None
