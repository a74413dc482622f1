"""`sealenv doctor`: look at this machine, which writes nothing; fix what is named; undo a fix."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from sealenv.checkup.applying import apply, undo
from sealenv.checkup.catalogue import CHECKS, checks_for
from sealenv.checkup.computer import Computer, digest_of
from sealenv.checkup.finding import Check, Finding, Severity, plain_text
from sealenv.checkup.journal import Damaged, Journal, data_folder, journals, locked
from sealenv.checkup.plan import Plan, make_plan
from sealenv.errors import NotFoundError, UsageError, from_oserror
from sealenv.fields import Count, Sha256
from sealenv.locations import default_envs_dir
from sealenv.request.arguments import StrPath, words

__all__ = [
    "Examination",
    "Examined",
    "Fixed",
    "Undone",
    "doctor",
    "examine",
    "examined",
    "find_journal",
    "fix",
    "fixed",
    "plan_fix",
    "this_computer",
    "undo_fix",
    "undone",
]

_ORDER = list(Severity)


@dataclass(frozen=True)
class Examination:
    """What the checks found.

    Attributes:
        computer: what was looked at.
        checks: how many were made.
        findings: errors first, else in the order of the checks.
    """

    computer: Computer
    checks: int
    findings: tuple[Finding, ...]

    def count(self, severity: Severity) -> int:
        """How many findings matter so much."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def sick(self) -> bool:
        """Whether something is an error."""
        return self.count(Severity.ERROR) > 0


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that `doctor` found; `how` is the older name of `fix`."""

    id: str
    severity: Literal["error", "warning", "note"]
    what: str
    where: str
    evidence: list[str]
    why: str
    fix: str
    how: str
    fixable: bool


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor` found.

    Attributes:
        home: the user's folder.
        target: where environments shall be.
        checks: how many were made.
        errors: how many findings are errors.
        warnings: how many are warnings.
        notes: how many are worth knowing.
        findings: errors first.
    """

    home: str
    target: str
    checks: Count
    errors: Count
    warnings: Count
    notes: Count
    findings: tuple[Problem, ...]


class EditedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a fix changes, with its sha256 before and after."""

    path: str
    real: str
    before: Sha256
    after: Sha256


class EditedValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value of the registry that a fix changes; `after` is null where it is deleted."""

    key: str
    name: str
    before: str
    after: str | None


class Fixed(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor --fix` changes."""

    checks: tuple[str, ...]
    dry_run: bool
    journal: str | None
    files: tuple[EditedFile, ...]
    values: tuple[EditedValue, ...]
    left: tuple[Problem, ...]


class Undone(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor --undo` puts back."""

    journal: str
    checks: tuple[str, ...]
    dry_run: bool
    files: tuple[str, ...]
    values: tuple[str, ...]


def doctor(only: str | Sequence[str] = (), *, target: StrPath | None = None) -> Examined:
    """What on this machine can contaminate a shell or an environment.

    Args:
        only: the ids of checks; all without.
        target: where environments shall be (`--in`); else where `create` makes them.

    Raises:
        UsageError: there is no check of that name, or it is another system's.
    """
    computer = this_computer(None if target is None else os.fspath(target))
    return examined(examine(computer, words(only)))


def examined(report: Examination) -> Examined:
    """Return what was found as the result of the command."""
    return Examined(
        home=plain_text(str(report.computer.home)),
        target=plain_text(str(report.computer.target)),
        checks=report.checks,
        errors=report.count(Severity.ERROR),
        warnings=report.count(Severity.WARNING),
        notes=report.count(Severity.NOTE),
        findings=tuple(Problem(**finding.to_json()) for finding in report.findings),
    )


def fixed(plan: Plan, journal: Journal | None, *, dry_run: bool) -> Fixed:
    """Return what a fix changes as the result of the command."""
    return Fixed(
        checks=tuple(plan.checks),
        dry_run=dry_run,
        journal=journal.name if journal else None,
        files=tuple(
            EditedFile(
                path=plain_text(str(edit.path)),
                real=plain_text(str(edit.real)),
                before=digest_of(edit.before),
                after=digest_of(edit.after),
            )
            for edit in plan.files
        ),
        values=tuple(
            EditedValue(
                key=plain_text(str(value.key)),
                name=plain_text(value.name),
                before=plain_text(value.before.shown(value.name)),
                after=plain_text(value.after.shown(value.name)) if value.after else None,
            )
            for value in plan.values
        ),
        left=tuple(Problem(**finding.to_json()) for finding in plan.left),
    )


def undone(journal: Journal, *, dry_run: bool) -> Undone:
    """Return what an undo puts back as the result of the command."""
    return Undone(
        journal=journal.name,
        checks=tuple(journal.checks),
        dry_run=dry_run,
        files=tuple(plain_text(str(note.place)) for note in journal.files),
        values=tuple(plain_text(f"{value.place} {value.name}") for value in journal.values),
    )


def this_computer(target: str | None = None) -> Computer:
    """The machine we run on.

    Args:
        target: where environments shall be; else where `create` makes them.
    """
    from sealenv.checkup.winregistry import ansi_code_page, this_registry

    place = os.path.abspath(os.path.expanduser(target)) if target else default_envs_dir()
    return Computer(
        home=Path(os.path.abspath(os.path.expanduser("~"))),
        environ=dict(os.environ),
        target=Path(place),
        registry=this_registry(),
        code_page=ansi_code_page(),
        own=tuple(dict.fromkeys((sys.prefix, sys.exec_prefix))),
    )


def examine(computer: Computer, only: Sequence[str] = ()) -> Examination:
    """Make the checks.

    Args:
        computer: what to look at.
        only: the ids of checks; all without.

    Raises:
        UsageError: there is no check of that name, or it is another system's.
    """
    chosen = [known(name, computer) for name in dict.fromkeys(only)]
    checks = chosen or checks_for(windows=computer.windows)
    found = [finding for check in checks for finding in check.examine(computer)]
    found.sort(key=lambda finding: _ORDER.index(finding.severity))
    return Examination(computer, len(checks), tuple(found))


def known(name: str, computer: Computer) -> Check:
    """The check of that name.

    Raises:
        UsageError: there is none, or it is another system's.
    """
    here = checks_for(windows=computer.windows)
    for check in here:
        if check.id == name:
            return check
    if any(check.id == name for check in CHECKS):
        raise UsageError(f"{name} is a check for another system")
    near = difflib.get_close_matches(name, [check.id for check in here], n=1)
    raise UsageError(
        f"there is no check {name!r}",
        hint=f"did you mean {near[0]}?"
        if near
        else "sealenv doctor shows those that found something, each with its name",
    )


def plan_fix(computer: Computer, named: Sequence[str]) -> Plan:
    """What the fix of a check would do; nothing is written.

    Args:
        computer: what to look at.
        named: `ID`, or `ID:FILE` for what it finds in one file alone.

    Raises:
        UsageError: there is no such check, it has no fix, or it finds nothing in that file.
        ChangedSinceError: a file changed while it was looked at.
    """
    ids: list[str] = []
    found: list[Finding] = []
    for name in dict.fromkeys(named):
        wanted, colon, place = name.partition(":")
        if colon and not place:
            raise UsageError(f"{name!r} names no file", hint=f"for all of them: {wanted}")
        check = known(wanted, computer)
        if check.fix is None:
            found_here = list(check.examine(computer))
            raise UsageError(
                f"{check.id} has no fix: change it by hand",
                where=found_here[0].seen.where if found_here else None,
                hint=found_here[0].seen.how if found_here else "it finds nothing here",
            )
        here = [f for f in check.examine(computer) if not place or _is_at(f, place)]
        if place and not here:
            raise UsageError(f"{check.id} finds nothing there", where=place, hint="sealenv doctor")
        ids.append(check.id)
        found += here
    try:
        return make_plan(dict.fromkeys(ids), found)
    except OSError as error:
        raise from_oserror(error) from error


def _is_at(finding: Finding, place: str) -> bool:
    path = os.path.abspath(os.path.expanduser(place))
    where = finding.seen.where
    named = {place, path, plain_text(path)}  # as --json writes it, too
    return bool(named & {where, where.rpartition(":")[0], plain_text(where.rpartition(":")[0])})


def fix(plan: Plan, computer: Computer) -> Journal:
    """Do what the plan says.

    Raises:
        ChangedSinceError: something is not what the plan was made from; nothing was done.
        FilesystemError: another doctor is at it, or the system refuses; nothing is changed.
    """
    folder = data_folder()
    with locked(folder):
        return apply(plan, folder, computer.registry)


def find_journal(name: str | None) -> Journal:
    """The fix to undo.

    Args:
        name: of the journal, or the id of a check: its latest fix; None: the latest of all.

    Raises:
        UsageError: the name is empty.
        NotFoundError: there is none.
        FilesystemError: its journal is damaged.
    """
    if name == "":
        raise UsageError("the name is empty", hint="without a name: the latest fix of all")
    known_ones = []
    for journal in journals(data_folder()):
        if isinstance(journal, Damaged):
            if name is None or journal.is_of(name):
                raise journal.error
            continue
        if name is None or name in (journal.name, *journal.checks):
            return journal
        known_ones.append(journal.name)
    raise NotFoundError(
        f"no fix of {name} is there to be undone" if name else "no fix is there to be undone",
        where=str(data_folder()),
        hint=f"there are: {', '.join(known_ones)}" if known_ones else None,
    )


def undo_fix(journal: Journal, computer: Computer) -> None:
    """Put back what a fix changed.

    Raises:
        ChangedSinceError: something was changed since; nothing was done.
        FilesystemError: another doctor is at it, or the system refuses.
    """
    folder = data_folder()
    with locked(folder):
        undo(journal, folder, computer.registry)
