"""`sealenv doctor`: what in this shell and on this machine can affect an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, YES
from sealenv.cli.output import fitted, paint, print_json
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.checkup.finding import Finding
    from sealenv.commands.doctor import Examination

__all__ = ["doctor_command"]

_LATEST = "\0"
"""`--undo` without a name: no argument can hold it."""
_COLOURS = {"error": "red", "warning": "yellow", "note": "cyan"}


@click.command(
    "doctor",
    epilog="\b\nExamples:\n  sealenv doctor\n  sealenv doctor --only shell\n"
    "  sealenv doctor --only conda-init --only condarc\n"
    "  sealenv doctor --in /data/envs --json\n  sealenv doctor --fix conda-init --dry-run\n"
    "  sealenv doctor --fix conda-init:~/.bashrc\n  sealenv doctor --undo conda-init\n",
)
@click.option("--only", metavar="ID", multiple=True, help="Make this check alone; repeatable.")
@click.option("--in", "target", metavar="DIR", help="The folder for environments.")
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
    help="Put back what a fix changed; without ID the latest.",
)
@click.option("--dry-run", is_flag=True, help="With --fix or --undo: show it, and change nothing.")
@YES
@QUIET
@JSON
def doctor_command(
    only: tuple[str, ...],
    target: str | None,
    fixing: tuple[str, ...],
    undoing: str | None,
    dry_run: bool,
    yes: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Show what in this shell makes activation, `run` and `shell` refuse, and what on this machine
    can contaminate a shell or an environment.

    Nothing is written and nothing is started, unless --fix or --undo names what. With --clean: what
    is left of it in a clean environment. Exit code 1: something is an error.
    """
    from sealenv.commands.doctor import examine, examined, this_computer

    if target == "":
        raise UsageError("--in needs a folder", hint="without --in: where `create` makes them")
    computer = this_computer(target)
    if fixing or undoing is not None:
        if only or (fixing and undoing is not None):
            raise UsageError("--only, --fix and --undo do not go together", hint="one at a time")
        from sealenv.cli import doctorfix

        asking = doctorfix.Asking(dry_run=dry_run, yes=yes, quiet=quiet, as_json=as_json)
        if fixing:
            return doctorfix.fix(computer, fixing, asking)
        return doctorfix.undo(computer, None if undoing == _LATEST else undoing, asking)
    if dry_run or yes:
        raise UsageError("--dry-run and -y go with --fix or --undo", hint="name what to fix")
    report = examine(computer, only)
    if as_json:
        print_json(examined(report))
    else:
        if not report.shell and not quiet and (not only or "shell" in only):
            click.echo("This shell is clean.")
        for finding in report.findings:
            if not quiet or finding.severity.value == "error":
                _show(finding, report)
        _sum_up(report)
    return 1 if report.sick else 0


def _show(finding: Finding, report: Examination) -> None:
    from sealenv.naming import printable

    def say(text: str, indent: int) -> None:
        click.echo(fitted(text, indent, err=False))

    severity = finding.severity.value
    head = paint(f"{severity:<8}", fg=_COLOURS[severity], bold=severity != "note")
    where = report.computer.short(finding.where)
    click.echo(f"{head} {paint(finding.check, bold=True)}  {printable(where)}")
    say(f"    {printable(finding.what)}", 4)
    for line in finding.evidence:
        click.echo(paint(f"      | {printable(line)}", dim=True))
    say(f"    why: {printable(finding.why)}", 9)
    does = f"sealenv doctor --fix {finding.check}: " if finding.fixable else ""
    begins = f"    {'fix' if does else 'to do'}: "
    say(f"{begins}{does}{printable(finding.how)}", len(begins))


def _sum_up(report: Examination) -> None:
    counts = []
    for severity in _COLOURS:
        number = sum(f.severity.value == severity for f in report.findings)
        if number:
            counts.append(f"{number} {severity}{'s' * (number != 1)}")
    found = ", ".join(counts) or "nothing found"
    click.echo(f"{report.checks} check{'s' * (report.checks != 1)}: {found}", err=True)
