"""`sealenv doctor`: examine this machine; with `--fix` and `--undo` show, ask, and change."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, YES, Command
from sealenv.cli.output import ask, fitted, is_terminal, paint, print_json
from sealenv.errors import UsageError
from sealenv.naming import printable
from sealenv.urls import masked, masked_value

if TYPE_CHECKING:
    from sealenv.checks.check import Finding
    from sealenv.checks.computer import Computer
    from sealenv.checks.journal import FileEdit, Fix
    from sealenv.commands.doctor import Examined, Fixed, Problem, Undone

_LATEST = "\0"
"""`--undo` without a name. No argument can contain it."""
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}
_OF_DIFFS = {"-": "red", "+": "green", "@": "cyan"}


@click.command(
    "doctor",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv doctor\n  sealenv doctor --only shell\n"
    "  sealenv doctor --only conda-init --only condarc\n"
    "  sealenv doctor --json\n  sealenv doctor --fix conda-init --dry-run\n"
    "  sealenv doctor --fix conda-init:~/.bashrc\n  sealenv doctor --undo conda-init\n",
)
@click.option("--only", metavar="ID", multiple=True, help="Run only this check; repeatable.")
@click.option(
    "--fix",
    "fixing",
    metavar="ID[:FILE]",
    multiple=True,
    help="Show the change, ask, and make it; repeatable.",
)
@click.option(
    "--undo",
    "undoing",
    metavar="[ID]",
    is_flag=False,
    flag_value=_LATEST,
    default=None,
    help="Restore what a fix changed; without ID the latest fix.",
)
@click.option("--dry-run", is_flag=True, help="With --fix or --undo: show the change only.")
@click.option(
    "--write-machine",
    metavar="FILE",
    help="Write the virtual packages of this machine for `lock --machine`; - is stdout.",
)
@YES
@QUIET
@JSON
def doctor_command(
    only: tuple[str, ...],
    fixing: tuple[str, ...],
    undoing: str | None,
    dry_run: bool,
    write_machine: str | None,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Show what in this shell makes activation, `run` and `shell` refuse, and what on this machine
    can contaminate a shell or an environment.

    Only --fix, --undo and --write-machine write anything. --clean examines a clean environment instead
    of this shell. Exit code 1: a finding is an error.
    """
    from sealenv.commands.doctor import describe_machine, examine, this_computer

    if write_machine is not None:
        text = describe_machine(None if write_machine == "-" else write_machine)
        click.echo(
            text if write_machine == "-" else f"wrote {write_machine}", nl=write_machine != "-"
        )
        return 0
    computer = this_computer()
    if fixing or undoing is not None:
        if only or (fixing and undoing is not None):
            raise UsageError(
                "--only, --fix and --undo do not go together", hint="use one at a time"
            )
        asking = _Asking(dry_run=dry_run, yes=yes, quiet=quiet, as_json=as_json)
        if fixing:
            return _fix(computer, fixing, asking)
        return _undo(computer, None if undoing == _LATEST else undoing, asking)
    if dry_run or yes:
        raise UsageError("--dry-run and -y need --fix or --undo", hint="name what to fix")
    report = examine(computer, only)
    if as_json:
        print_json(report)
    else:
        if not report.shell.findings and not quiet and (not only or "shell" in only):
            click.echo("This shell is clean.")
        for problem in report.findings:
            if not quiet or problem.severity == "error":
                _show_problem(problem, report.home)
        _sum_up(report)
    return 1 if report.errors else 0


def _show_problem(problem: Problem, home: str) -> None:
    def say(text: str, indent: int) -> None:
        click.echo(fitted(text, indent, err=False))

    head = paint(f"{problem.severity:<8}", fg=_COLOURS[problem.severity], bold=True)
    where = problem.where
    if where.startswith(home + os.sep):
        where = f"~{where[len(home) :]}"
    click.echo(f"{head} {paint(problem.id, bold=True)}  {printable(where)}")
    say(f"    {printable(problem.what)}", 4)
    for line in problem.evidence:
        click.echo(paint(f"      | {printable(line)}", dim=True))
    say(f"    why: {printable(problem.why)}", 9)
    begins = "    fix: " if problem.fixable else "    to do: "
    does = f"sealenv doctor --fix {problem.id}: " if problem.fixable else ""
    say(f"{begins}{does}{printable(problem.fix)}", len(begins))


def _sum_up(report: Examined) -> None:
    numbers = {"error": report.errors, "warning": report.warnings, "note": report.notes}
    found = [f"{number} {name}{'s' * (number != 1)}" for name, number in numbers.items() if number]
    checks = f"{report.checks} check{'s' * (report.checks != 1)}"
    click.echo(f"{checks}: {', '.join(found) or 'nothing found'}", err=True)


@dataclass(frozen=True)
class _Asking:
    """How a change is shown and confirmed."""

    dry_run: bool
    yes: bool
    quiet: bool
    as_json: bool

    def show(self, lines: Iterable[str]) -> None:
        """Print a diff."""
        if not self.as_json and not self.quiet:
            for line in lines:
                click.echo(paint(printable(line), fg=_OF_DIFFS.get(line[:1])))

    def confirm(self, question: str) -> None:
        """Ask, unless `-y` or `--dry-run` was given.

        Raises:
            UsageError: no terminal is available to ask on.
            click.Abort: the answer is no.
        """
        if self.dry_run or self.yes:
            return
        if self.as_json or not is_terminal(sys.stdin):
            raise UsageError(
                "this change needs confirmation", hint="look at it with --dry-run, then add -y"
            )
        ask(question)

    def end(self, result: Fixed | Undone, done: str) -> int:
        """Print the result."""
        if self.as_json:
            print_json(result)
        else:
            click.echo(done if not result.dry_run else "nothing was changed (--dry-run)", err=True)
        return 0


def _fix(computer: Computer, named: Sequence[str], asking: _Asking) -> int:
    from sealenv.commands.doctor import fix

    def confirm(plan: Fix, left: list[Finding]) -> None:
        asking.show(_preview(plan, computer.home))
        for finding in () if asking.as_json else left:
            text = f"not fixed: {finding.where}: {finding.what}; {finding.how}"
            click.echo(printable(text), err=True)
        if plan.files or plan.values:
            asking.confirm("Change that?")

    result = fix(computer, named, confirm, dry_run=asking.dry_run)
    count = len(result.files) + len(result.values)
    if not count and not asking.as_json:
        click.echo("nothing to fix was found", err=True)
        return 0
    return asking.end(
        result, f"changed {count}; to undo it: sealenv doctor --undo {result.checks[0]}"
    )


def _undo(computer: Computer, name: str | None, asking: _Asking) -> int:
    from sealenv.commands.doctor import undo

    def confirm(made: Fix) -> None:
        asking.show(_preview(made, computer.home, undo=True))
        asking.confirm("Undo that?")

    result = undo(computer, name, confirm, dry_run=asking.dry_run)
    return asking.end(result, f"restored what {result.journal} had changed")


def _preview(fix: Fix, home: Path, *, undo: bool = False) -> Iterator[str]:
    """Yield a unified diff of each file, and the old and the new text of each value."""
    from sealenv.checks.computer import codec_of

    for edit in fix.files:
        if not undo:
            yield from _notes(edit, home)
        pair = (edit.after, edit.before) if undo else (edit.before, edit.after)
        old, new = (data.decode(*codec_of(data)).split("\n") for data in pair)
        for line in difflib.unified_diff(old, new, edit.real, edit.real, lineterm=""):
            yield line if line.startswith(("---", "+++")) else masked(line)
    for value in fix.values:
        texts = (value.after, value.before) if undo else (value.before, value.after)
        yield f"{value.key}  {value.name}"
        for sign, text in zip("-+", texts, strict=True):
            yield sign + ("(no value)" if text is None else masked_value(value.name, text))


def _notes(edit: FileEdit, home: Path) -> Iterator[str]:
    """Yield what a diff does not show."""
    outside = not Path(edit.real).is_relative_to(os.path.realpath(home))
    if os.path.islink(edit.path):
        where = ", outside of your home" if outside else ""
        yield f"note: {edit.path} is a link to {edit.real}{where}: that file is changed"
    elif outside:
        yield f"note: {edit.real} is not in your home: it changes for every user"
