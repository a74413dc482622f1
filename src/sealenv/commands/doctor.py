"""`sealenv doctor`: examine this machine, which writes nothing; fix what is named; undo a fix."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from sealenv.checkup.checks import CHECKS, checks_for
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity, plain_text
from sealenv.checkup.fixing import Plan, apply, make_plan, undo
from sealenv.checkup.journal import Journal, Journals
from sealenv.checkup.registry import ansi_code_page, this_registry
from sealenv.checkup.text import digest_of
from sealenv.errors import UsageError, from_oserror
from sealenv.fields import Count, Sha256
from sealenv.gates.admission import look
from sealenv.gates.findings import Finding as Dirty
from sealenv.locations import default_envs_dir
from sealenv.masking import masked_value
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
        computer: what was examined.
        checks: how many checks were made.
        findings: errors first, else in the order of the checks.
        shell: what in the current shell activation, `run` and `shell` refuse.
    """

    computer: Computer
    checks: int
    findings: tuple[Finding, ...]
    shell: tuple[Dirty, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def sick(self) -> bool:
        """Whether a finding is an error."""
        return self.count(Severity.ERROR) > 0


class Dirt(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of a shell that could make a process use another Python."""

    name: str
    value: str
    what: str
    why: str
    clear: str


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The current shell: whether activation, `run` and `shell` refuse it, and why."""

    state: Literal["active", "clean"]
    findings: tuple[Dirt, ...]


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
        shell: the current shell.
        findings: errors first.
    """

    home: str
    target: str
    checks: Count
    errors: Count
    warnings: Count
    notes: Count
    shell: Shell
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
    """Return what in this process and on this machine can contaminate a shell or an environment.

    `shell` of the result holds what `run` and `shell` refuse: variables, and folders on PATH.

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
        shell=Shell(
            state="active" if report.shell else "clean",
            findings=tuple(Dirt(**finding.to_json()) for finding in report.shell),
        ),
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
                before=plain_text(masked_value(value.name, value.before)),
                after=None
                if value.after is None
                else plain_text(masked_value(value.name, value.after)),
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
        files=tuple(plain_text(note.path) for note in journal.files),
        values=tuple(plain_text(f"{value.key} {value.name}") for value in journal.values),
    )


def this_computer(target: str | None = None) -> Computer:
    """Return the machine we run on.

    Args:
        target: the folder for environments; by default where `create` makes them.
    """
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
        computer: what to examine.
        only: the ids of checks; all by default.

    Raises:
        UsageError: no check has that name, or it is for another system.
    """
    chosen = [_known(name, computer) for name in dict.fromkeys(only)]
    checks = chosen or checks_for(windows=computer.windows)
    found = [finding for check in checks for finding in check.examine(computer)]
    found.sort(key=lambda finding: _ORDER.index(finding.severity))
    return Examination(computer, len(checks), tuple(found), tuple(look(computer.environ)))


def _known(name: str, computer: Computer) -> Check:
    here = {check.id: check for check in checks_for(windows=computer.windows)}
    if name in here:
        return here[name]
    if any(check.id == name for check in CHECKS):
        raise UsageError(f"{name} is a check for another system")
    near = difflib.get_close_matches(name, here, n=1)
    raise UsageError(
        f"unknown check {name!r}",
        hint=f"did you mean {near[0]}?"
        if near
        else "sealenv doctor shows those that found something, each with its name",
    )


def plan_fix(computer: Computer, named: Sequence[str]) -> Plan:
    """Return what the fix of a check would change; nothing is written.

    Args:
        computer: what to examine.
        named: `ID`, or `ID:FILE` for what it finds in one file alone.

    Raises:
        UsageError: there is no such check, it has no fix, or it finds nothing in that file.
        ChangedSinceError: a file changed while it was read.
    """
    ids: list[str] = []
    found: list[Finding] = []
    for name in dict.fromkeys(named):
        wanted, colon, place = name.partition(":")
        if colon and not place:
            raise UsageError(f"{name!r} names no file", hint=f"for all of them: {wanted}")
        check = _known(wanted, computer)
        here = [f for f in check.examine(computer) if not place or _is_at(f, place)]
        if check.fix is None:
            raise UsageError(
                f"{check.id} has no fix: change it by hand",
                where=here[0].where if here else None,
                hint=here[0].how if here else "it finds nothing here",
            )
        if place and not here:
            raise UsageError(f"{check.id} finds nothing there", where=place, hint="sealenv doctor")
        ids.append(check.id)
        found += here
    try:
        return make_plan(dict.fromkeys(ids), found)
    except OSError as error:
        raise from_oserror(error) from error


def _is_at(finding: Finding, place: str) -> bool:
    """Return whether a finding is in a file; it may be named as `--json` writes it."""
    path = os.path.abspath(os.path.expanduser(place))
    where = plain_text(finding.where)
    return bool({plain_text(path), plain_text(place)} & {where, where.rpartition(":")[0]})


def fix(plan: Plan, computer: Computer) -> Journal:
    """Make the changes of a plan.

    Raises:
        ChangedSinceError: something is not what the plan was made from; nothing was changed.
        FilesystemError: another doctor is running, or the system refuses; nothing is changed.
    """
    kept = Journals()
    with kept.locked():
        return apply(plan, kept, computer.registry)


def find_journal(name: str | None) -> Journal:
    """Return the fix to undo.

    Args:
        name: of the journal, or the id of a check for its latest fix; None: the latest of all.

    Raises:
        UsageError: the name is empty.
        NotFoundError: there is none.
        FilesystemError: its journal is damaged.
    """
    if name == "":
        raise UsageError("the name is empty", hint="without a name: the latest fix of all")
    return Journals().find(name)


def undo_fix(journal: Journal, computer: Computer) -> None:
    """Put back what a fix changed.

    Raises:
        ChangedSinceError: something was changed since; nothing was changed.
        FilesystemError: another doctor is running, or the system refuses.
    """
    kept = Journals()
    with kept.locked():
        undo(journal, kept, computer.registry)
