"""`sealenv doctor`: examine this machine; with `--fix` and `--undo` show, ask, and change."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, YES, Command, dry_run
from sealenv.cli.output import ask, fitted, is_terminal, paint, print_json
from sealenv.errors import UsageError
from sealenv.naming import printable
from sealenv.urls import masked, masked_value

if TYPE_CHECKING:
    from sealenv.checks.check import Finding
    from sealenv.checks.computer import Computer
    from sealenv.checks.journal import Fix
    from sealenv.commands.doctor import Examined, Problem

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
    flag_value="",
    default=None,
    help="Restore what a fix changed; without ID the latest fix.",
)
@dry_run("With --fix or --undo: show the change only.")
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
        return _change(
            computer, fixing, undoing, dry_run=dry_run, yes=yes, quiet=quiet, as_json=as_json
        )
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


def _change(
    computer: Computer,
    fixing: Sequence[str],
    undoing: str | None,
    *,
    dry_run: bool,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Fix or undo: show the change, ask, and print the result."""
    from sealenv.commands.doctor import Fixed, Undone, fix, undo

    def confirm(plan: Fix, left: Sequence[Finding] = ()) -> None:
        for line in () if as_json or quiet else _preview(plan, computer.home, undo=not fixing):
            click.echo(paint(printable(line), fg=_OF_DIFFS.get(line[:1])))
        for finding in () if as_json else left:
            text = f"not fixed: {finding.where}: {finding.what}; {finding.how}"
            click.echo(printable(text), err=True)
        if dry_run or yes or not plan.changes:
            return
        if as_json or not is_terminal(sys.stdin):
            raise UsageError(
                "this change needs confirmation", hint="look at it with --dry-run, then add -y"
            )
        ask("Change that?" if fixing else "Undo that?")

    result: Fixed | Undone
    if fixing:
        result = fix(computer, fixing, confirm, dry_run=dry_run)
        count = len(result.files) + len(result.values)
        done = f"changed {count}; to undo it: sealenv doctor --undo {result.checks[0]}"
    else:
        result = undo(computer, undoing or None, confirm, dry_run=dry_run)
        done = f"restored what {result.journal} had changed"
    if as_json:
        print_json(result)
    elif not (result.files or result.values):
        click.echo("nothing to fix was found", err=True)
    else:
        click.echo("nothing was changed (--dry-run)" if dry_run else done, err=True)
    return 0


def _preview(fix: Fix, home: Path, *, undo: bool) -> Iterator[str]:
    """Yield a unified diff of each file, and the old and the new text of each value."""
    from sealenv.checks.profiles import codec_of

    for edit in fix.files:
        if not undo and os.path.islink(edit.path):
            yield f"note: {edit.path} is a link to {edit.real}: that file is changed"
        if not undo and not Path(edit.real).is_relative_to(os.path.realpath(home)):
            yield f"note: {edit.real} is not in your home"
        pair = (edit.after, edit.before) if undo else (edit.before, edit.after)
        old, new = (data.decode(*codec_of(data)).split("\n") for data in pair)
        for line in difflib.unified_diff(old, new, edit.real, edit.real, lineterm=""):
            yield line if line.startswith(("---", "+++")) else masked(line)
    for value in fix.values:
        texts = (value.after, value.before) if undo else (value.before, value.after)
        yield f"{value.key}  {value.name}"
        for sign, text in zip("-+", texts, strict=True):
            yield sign + ("(no value)" if text is None else masked_value(value.name, text))
