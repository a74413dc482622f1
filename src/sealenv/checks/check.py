"""A check, what it finds, and what its fix changes."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from sealenv.system.registry import Key
from sealenv.urls import masked

if TYPE_CHECKING:
    from sealenv.checks.computer import Computer

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The most severe one first."""


@dataclass(frozen=True)
class Cut:
    """A part of a file that a fix removes: the bytes from `start` to `end` of `before`."""

    path: Path
    """As it was found; possibly a link."""
    before: bytes
    start: int
    end: int


@dataclass(frozen=True)
class SetValue:
    """A text in the registry, and the text that replaces it; None deletes the value."""

    key: Key
    name: str
    kind: int
    """The number of its type, which stays the same."""
    before: str
    after: str | None


@dataclass(frozen=True)
class Finding:
    """What a check found at one place.

    Attributes:
        severity: how much it matters.
        what: half a sentence: what was found.
        where: FILE:LINE, a registry value, a folder or a variable.
        how: what to do, or what the fix does.
        evidence: the lines that were found.
        changes: the fix, if there is one.
        why: why it can hurt; the check's own reason if empty.
        check: the id of the check, which `Check.examine` sets.
    """

    severity: Severity
    what: str
    where: str
    how: str
    evidence: tuple[str, ...] = ()
    changes: tuple[Cut | SetValue, ...] = ()
    why: str = ""
    check: str = ""


Look = Callable[["Computer"], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """One thing to look for.

    Attributes:
        id: its name on the command line; never changed.
        title: what it finds, as half a sentence.
        why: why that can hurt.
        look: finds it; changes nothing and starts no process.
        fix: what `--fix` does, if it has a fix.
        windows: whether it is for Windows alone.
    """

    id: str
    title: str
    why: str
    look: Look
    fix: str | None = None
    windows: bool = False

    def examine(self, computer: Computer) -> Iterator[Finding]:
        """Yield the findings. An error of the check is a finding too, so that the other checks run."""
        try:
            for found in self.look(computer):
                yield self._complete(found)
        except (OSError, ValueError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
            where = str(getattr(error, "filename", None) or self.id)
            what = f"it cannot be read: {reason}"
            yield self._complete(Finding("warning", what, where, "check it by hand"))

    def _complete(self, found: Finding) -> Finding:
        """Add the id and the reason, and hide secrets. A path is kept: `--fix ID:FILE` names it."""
        return replace(
            found,
            check=self.id,
            why=found.why or self.why,
            what=plain_text(masked(found.what)),
            where=plain_text(found.where if os.path.isabs(found.where) else masked(found.where)),
            how=plain_text(masked(found.how)),
            evidence=tuple(plain_text(masked(line)[:200]) for line in found.evidence),
        )


def check(
    name: str,
    title: str,
    why: str,
    *,
    fix: str | None = None,
    windows: bool = False,
) -> Callable[[Look], Check]:
    """Return a decorator that makes a check of a function; see `Check` for the arguments."""
    return lambda look: Check(name, title, why, look, fix, windows)


def plain_text(text: str) -> str:
    """Return a text that JSON can hold: bytes that are not UTF-8 are escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
