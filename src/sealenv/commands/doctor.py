"""`sealenv doctor`: examine this machine, which writes nothing; fix what is named; undo a fix."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.checkup.checks import CHECKS, checks_for
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity, plain_text
from sealenv.checkup.fixing import Plan, apply, make_plan, undo
from sealenv.checkup.journal import Journal, Journals
from sealenv.checkup.registry import ansi_code_page, this_registry
from sealenv.errors import UsageError, from_oserror
from sealenv.gates.admission import look
from sealenv.gates.findings import Finding as Dirt
from sealenv.locations import default_envs_dir
from sealenv.request.arguments import StrPath, words

__all__ = [
    "Examination",
    "doctor",
    "examine",
    "find_journal",
    "fix",
    "plan_fix",
    "this_computer",
    "undo_fix",
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
    shell: tuple[Dirt, ...]

    def count(self, severity: Severity) -> int:
        """Return the number of findings of a severity."""
        return sum(finding.severity is severity for finding in self.findings)

    @property
    def sick(self) -> bool:
        """Whether a finding is an error."""
        return self.count(Severity.ERROR) > 0


def doctor(only: str | Sequence[str] = (), *, target: StrPath | None = None) -> Examination:
    """Return what in this process and on this machine can contaminate a shell or an environment.

    `shell` of the result holds what `run` and `shell` refuse: variables, and folders on PATH.

    Args:
        only: the ids of checks; all without.
        target: where environments shall be (`--in`); else where `create` makes them.

    Raises:
        UsageError: there is no check of that name, or it is another system's.
    """
    return examine(this_computer(None if target is None else os.fspath(target)), words(only))


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
