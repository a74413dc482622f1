"""`sealenv doctor`: look at this machine, which writes nothing; fix what is named; undo a fix."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.checkup.applying import apply, undo
from sealenv.checkup.catalogue import CHECKS, checks_for
from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity, plain_text
from sealenv.checkup.journal import Damaged, Journal, data_folder, journals, locked
from sealenv.checkup.plan import Plan, make_plan
from sealenv.errors import NotFoundError, UsageError, from_oserror
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


def doctor(only: str | Sequence[str] = (), *, target: StrPath | None = None) -> Examination:
    """What on this machine can contaminate a shell or an environment.

    Args:
        only: the ids of checks; all without.
        target: where environments shall be (`--in`); else where `create` makes them.

    Raises:
        UsageError: there is no check of that name, or it is another system's.
    """
    return examine(this_computer(None if target is None else os.fspath(target)), words(only))


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
