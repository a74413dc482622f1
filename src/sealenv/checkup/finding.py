"""A check, what it finds, and what its fix changes."""

from __future__ import annotations

import enum
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sealenv.checkup.registry import Key
from sealenv.errors import SealenvError
from sealenv.masking import masked

if TYPE_CHECKING:
    from sealenv.checkup.computer import Computer

__all__ = ["BY_HAND", "Change", "Check", "Cut", "Finding", "SetValue", "Severity", "plain_text"]

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
class Cut:
    """A part of a text file, and what replaces it.

    Attributes:
        path: the file, as it was found; possibly a link.
        start: where the part begins, in characters (`text.decode`).
        end: where it ends.
        put: the text that replaces it.
        digest: sha256 of the file that was read.
    """

    path: Path
    start: int
    end: int
    put: str
    digest: str


@dataclass(frozen=True)
class SetValue:
    """A text in the registry, and what replaces it.

    Attributes:
        key: where it is.
        name: its name.
        kind: the number of its type; it stays.
        before: the text that was read.
        after: the new text; None: the value is deleted.
    """

    key: Key
    name: str
    kind: int
    before: str
    after: str | None


Change = Cut | SetValue


@dataclass(frozen=True)
class Finding:
    """What a check found at one place.

    Attributes:
        severity: how much it matters.
        what: half a sentence: what was found.
        where: FILE:LINE, a registry value, a folder or a variable.
        how: what to do, or what the fix does.
        evidence: lines as they stand there.
        changes: the fix, if there is one.
        why: why it can hurt; the check's own reason if empty.
        check: the id of the check, which `Check.examine` sets.
    """

    severity: Severity
    what: str
    where: str
    how: str
    evidence: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    why: str = ""
    check: str = ""

    @property
    def fixable(self) -> bool:
        """Whether `doctor --fix` has a fix for it."""
        return bool(self.changes)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready mapping (docs/reference/json.md)."""
        return {
            "id": self.check,
            "severity": self.severity.value,
            "what": plain_text(self.what),
            "where": plain_text(self.where),
            "evidence": [plain_text(line) for line in self.evidence],
            "why": plain_text(self.why),
            "fix": plain_text(self.how),
            "how": plain_text(self.how),
            "fixable": self.fixable,
        }


def plain_text(text: str) -> str:
    """Return a text that JSON can hold: bytes that are not UTF-8 are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        id: its name on the command line; never changed.
        title: what it finds, as half a sentence.
        why: why that can hurt.
        severities: which it may have.
        look: what looks; it changes nothing and starts no process.
        fix: what `--fix` does, if it has a fix.
        platforms: `posix`, `windows`.
    """

    id: str
    title: str
    why: str
    severities: tuple[Severity, ...]
    look: Callable[[Computer], Iterable[Finding]]
    fix: str | None = None
    platforms: tuple[str, ...] = ("posix", "windows")

    def examine(self, computer: Computer) -> Iterator[Finding]:
        """Yield what it finds. What stops it is a finding too: the other checks are made."""
        try:
            for found in self.look(computer):
                yield self._complete(found)
        except (OSError, SealenvError, ValueError, RecursionError) as error:
            what = f"this check could not be finished: {error}".split("\n")[0]
            where = error.where if isinstance(error, SealenvError) else None
            where = where or getattr(error, "filename", None) or self.id
            yield self._complete(Finding(Severity.WARNING, what, str(where), BY_HAND))

    def _complete(self, found: Finding) -> Finding:
        """Name the check and hide secrets; a path stays what it is: `--fix ID:FILE` names it."""
        return replace(
            found,
            check=self.id,
            why=found.why or self.why,
            what=masked(found.what),
            where=found.where if os.path.isabs(found.where) else masked(found.where),
            how=masked(found.how),
            evidence=tuple(map(masked, found.evidence)),
        )
