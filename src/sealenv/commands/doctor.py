"""`sealenv doctor`: examine this machine, fix what is named, and undo a fix."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from sealenv.checks import CHECKS, checks_for
from sealenv.checks.check import SEVERITIES, Check, Cut, Finding, SetValue, plain_text
from sealenv.checks.computer import Computer
from sealenv.checks.journal import FileEdit, Fix, Journals
from sealenv.errors import OutputExistsError, UsageError
from sealenv.fields import Count, Sha256
from sealenv.gates.admission import look
from sealenv.locations import default_envs_dir
from sealenv.request import StrPath, optional_path, words
from sealenv.system.registry import this_registry
from sealenv.urls import masked_value


class Dirt(msgspec.Struct, frozen=True, kw_only=True):
    """A variable, or a folder on PATH, that could make a process use another Python."""

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
    """One thing that `doctor` found."""

    id: str
    severity: Literal["error", "warning", "note"]
    what: str
    where: str
    evidence: list[str]
    why: str
    fix: str
    fixable: bool


class Examined(msgspec.Struct, frozen=True, kw_only=True):
    """What `doctor` found.

    Attributes:
        home: the user's folder.
        target: the folder for environments.
        checks: the number of checks that ran.
        errors: the number of findings that are errors.
        warnings: likewise warnings.
        notes: likewise notes.
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
    """A value of the registry that a fix changes; `after` is null if it is deleted."""

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
    """What `doctor --undo` restores."""

    journal: str
    checks: tuple[str, ...]
    dry_run: bool
    files: tuple[str, ...]
    values: tuple[str, ...]


def describe_machine(output: StrPath | None = None) -> str:
    """Return the virtual packages of this machine, as `lock --machine` and conda-lock read them.

    Args:
        output: the file to write, which must not exist.

    Raises:
        OutputExistsError: it exists; NotFoundError: its folder does not exist.
    """
    from sealenv.engine.client import started
    from sealenv.spec.machine import machine_text
    from sealenv.spec.model import current_platform
    from sealenv.system.files import check_output, write_output

    path = optional_path(output)
    if path is not None and path.exists():
        raise OutputExistsError("the file exists", where=str(path), hint="name another one")
    if path is not None:
        check_output(path, force=False)
    with started() as (_, engine):
        text = machine_text(current_platform(), engine.virtual_packages())
    if path is not None:
        write_output(path, text.encode(), force=False)
    return text


def doctor(only: str | Sequence[str] = ()) -> Examined:
    """Return what in this process and on this machine can contaminate a shell or an environment.

    `shell` of the result holds what `run` and `shell` refuse: variables, and folders on PATH.

    Args:
        only: the ids of checks; all by default.

    Raises:
        UsageError: a check is unknown, or is for another system.
    """
    return examine(this_computer(), words(only))


def this_computer() -> Computer:
    """Return the machine that sealenv runs on."""
    return Computer(
        home=Path(os.path.abspath(os.path.expanduser("~"))),
        environ=dict(os.environ),
        target=Path(default_envs_dir()),
        registry=this_registry(),
    )


def examine(computer: Computer, only: Sequence[str] = ()) -> Examined:
    """Run the checks on a machine; see `doctor`."""
    chosen = [_known(name, computer) for name in dict.fromkeys(only)]
    checks = chosen or checks_for(windows=computer.windows)
    found = [_problem(finding) for check in checks for finding in check.examine(computer)]
    found.sort(key=lambda problem: SEVERITIES.index(problem.severity))
    dirt = tuple(Dirt(**finding.to_json()) for finding in look(computer.environ))
    severities = [problem.severity for problem in found]
    return Examined(
        home=plain_text(str(computer.home)),
        target=plain_text(str(computer.target)),
        checks=len(checks),
        errors=severities.count("error"),
        warnings=severities.count("warning"),
        notes=severities.count("note"),
        shell=Shell(state="active" if dirt else "clean", findings=dirt),
        findings=tuple(found),
    )


def _problem(finding: Finding) -> Problem:
    return Problem(
        id=finding.check,
        severity=finding.severity,
        what=finding.what,
        where=finding.where,
        evidence=list(finding.evidence),
        why=finding.why,
        fix=finding.how,
        fixable=bool(finding.changes),
    )


def _known(name: str, computer: Computer) -> Check:
    here = {check.id: check for check in checks_for(windows=computer.windows)}
    if name in here:
        return here[name]
    if any(check.id == name for check in CHECKS):
        raise UsageError(f"{name} is a check for another system")
    raise UsageError(f"unknown check {name!r}", hint=f"the checks: {', '.join(here)}")


def plan_fix(computer: Computer, named: Sequence[str]) -> tuple[Fix, list[Finding]]:
    """Return what the fix of a check would change, and the findings that it leaves. Writes nothing.

    Args:
        computer: the machine to examine.
        named: `ID`, or `ID:FILE` for the findings in one file.

    Raises:
        UsageError: the check is unknown, has no fix, or finds nothing in that file.
    """
    ids: dict[str, None] = {}
    changes: dict[Cut | SetValue, None] = {}
    left = []
    for name in dict.fromkeys(named):
        wanted, _, place = name.partition(":")
        check = _known(wanted, computer)
        here = [f for f in check.examine(computer) if not place or _is_at(f, place)]
        if check.fix is None:
            raise UsageError(
                f"{check.id} has no fix: change it by hand",
                where=here[0].where if here else None,
                hint=here[0].how if here else "it has no finding here",
            )
        if place and not here:
            raise UsageError(f"{check.id} has no finding there", where=place, hint="sealenv doctor")
        ids[check.id] = None
        changes |= dict.fromkeys(change for finding in here for change in finding.changes)
        left += [finding for finding in here if not finding.changes]
    return Fix.new(ids, changes), left


def _is_at(finding: Finding, place: str) -> bool:
    """Return whether a finding is in a file."""
    path = os.path.abspath(os.path.expanduser(place))
    return path in (finding.where, finding.where.rpartition(":")[0])


def fix(
    computer: Computer,
    named: Sequence[str],
    confirm: Callable[[Fix, list[Finding]], object],
    *,
    dry_run: bool = False,
) -> Fixed:
    """Fix what is named.

    Args:
        computer: the machine to examine.
        named: see `plan_fix`.
        confirm: shows the fix and what it leaves; raises an error to stop before the first change.
        dry_run: change nothing.

    Raises:
        UsageError: see `plan_fix`.
        ChangedSinceError: a file or value has changed since it was read; nothing was changed.
        FilesystemError: the system refuses; nothing is changed.
    """
    plan, left = plan_fix(computer, named)
    confirm(plan, left)
    applied = bool(plan.changes) and not dry_run
    if applied:
        Journals(computer.registry).apply(plan)
    return Fixed(
        checks=plan.checks,
        dry_run=dry_run,
        journal=plan.name if applied else None,
        files=tuple(map(_edited_file, plan.files)),
        values=tuple(map(_edited_value, plan.values)),
        left=tuple(map(_problem, left)),
    )


def _edited_file(edit: FileEdit) -> EditedFile:
    return EditedFile(
        path=plain_text(edit.path),
        real=plain_text(edit.real),
        before=hashlib.sha256(edit.before).hexdigest(),
        after=hashlib.sha256(edit.after).hexdigest(),
    )


def _edited_value(value: SetValue) -> EditedValue:
    return EditedValue(
        key=str(value.key),
        name=plain_text(value.name),
        before=plain_text(masked_value(value.name, value.before)),
        after=value.after and plain_text(masked_value(value.name, value.after)),
    )


def undo(
    computer: Computer,
    name: str | None,
    confirm: Callable[[Fix], object],
    *,
    dry_run: bool = False,
) -> Undone:
    """Undo a fix.

    Args:
        computer: the machine.
        name: of the journal, or the id of a check for its latest fix; None: the latest fix.
        confirm: shows the fix; raises an error to stop before the first change.
        dry_run: change nothing.

    Raises:
        NotFoundError: no fix has this name.
        ChangedSinceError: a file or value has changed since; nothing was changed.
        FilesystemError: the journal is damaged, or the system refuses.
    """
    journals = Journals(computer.registry)
    found = journals.find(name)
    confirm(found)
    if not dry_run:
        journals.revert(found)
    return Undone(
        journal=found.name,
        checks=found.checks,
        dry_run=dry_run,
        files=tuple(plain_text(edit.real) for edit in found.files),
        values=tuple(plain_text(f"{value.key} {value.name}") for value in found.values),
    )
