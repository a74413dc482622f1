"""`sealenv which`: nothing is started and nothing written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealenv.cli.options import ENV, JSON
from sealenv.cli.output import fitted, paint, print_json

if TYPE_CHECKING:
    from sealenv.inventory.candidates import Candidate, Resolution

__all__ = ["which_command"]


@click.command(
    "which",
    short_help="Show what a command would run, and why.",
    epilog="""\b
Examples:
  sealenv which my_env_3_12 python          what runs after an activation
  sealenv which my_env_3_12 mamba --shell cmd
  sealenv which --here python               in the shell where you are
""",
)
@click.option("--here", is_flag=True, help="In the current shell, as it is; without ENV.")
@click.option("--shell",
              type=click.Choice(["cmd", "powershell", "posix"]),
              help="Whose rules. By default cmd for a Windows environment, else posix.")  # fmt: skip
@JSON
@click.argument("env", metavar="[ENV]", required=False, type=ENV)
@click.argument("command", metavar="COMMAND", required=False)
def which_command(
    here: bool, shell: str | None, as_json: bool, env: str | None, command: str | None
) -> int:
    """Show every candidate for COMMAND on the PATH of the environment ENV, in the shell's order.

    What runs, what it shadows, what is passed over and why; whose each is, and what a wrapper or script
    starts in the end. Exit code 1: nothing runs.
    """
    from sealenv.commands.which import which
    from sealenv.naming import printable

    if env is None or here == (command is not None):
        raise click.UsageError(
            "one command is needed with --here, and no environment"
            if here
            else "an environment and a command are needed, or --here and a command"
        )
    answer = which(None if here else env, env if here else command or "", shell=shell)
    if as_json:
        print_json(answer)
    else:
        for line in _lines(answer):
            click.echo(printable(line))
        for text in answer.notes:
            click.echo(fitted(printable(f"note: {text}"), 6), err=True)
        for text in answer.warnings:
            line = fitted(printable(f"warning: {text}"), 9)
            click.echo(paint("warning", fg="yellow") + line.removeprefix("warning"), err=True)
    return 0 if answer.winner else 1


def _lines(answer: Resolution) -> list[str]:
    lines = []
    for one in answer.candidates:
        lines.append(f"{one.state.value:<12} {one.path or answer.command}")
        lines += [f"{'':<12}   {text}" for text in _about(one)]
    if answer.winner is None:
        lines.append(f"nothing runs for {answer.command!r}")
    return lines


def _about(one: Candidate) -> list[str]:
    found = [one.because]
    if one.owner:
        found.append(f"of {one.owner}")
    if one.starts:
        begins = f"{one.starts.how}: {one.starts.path}"
        found.append(begins if one.starts.exists else f"{begins} (not there)")
    return found
