"""`sealenv run`, `sealenv shell` and `sealenv which`."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

import click

from sealenv.cli.options import (
    CLEAN,
    JSON,
    Command,
    Entering,
    complete_program,
    environment,
    one_of,
)
from sealenv.cli.output import fitted, paint, print_json

if TYPE_CHECKING:
    from sealenv.inventory.candidates import Candidate, Resolution

__all__ = ["run_command", "shell_command", "which_command"]


@click.command(
    "run",
    cls=Entering,
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""\b
Examples:
  sealenv run my_env_3_12 -- python -m pip list
  sealenv run --clean my_env_3_12 -- conda install numpy
  sealenv run ./env -- sh -c 'echo "$CONDA_PREFIX"'

The exit code is the command's own. 125: sealenv refused; 126: the command cannot be executed;
127: it was not found. On Windows, arguments with ", % or ^ are refused if the command is a .bat.
""",
)
@environment(then="command")
@click.argument("command", metavar="COMMAND...", nargs=-1, type=click.UNPROCESSED,
                shell_complete=complete_program)  # fmt: skip
@CLEAN
def run_command(clean: bool, env: str, command: tuple[str, ...]) -> NoReturn:
    """Run COMMAND in the environment ENV (a name or a path), as if it were activated."""
    from sealenv.commands.run import enter
    from sealenv.errors import UsageError
    from sealenv.naming import shown

    argv = command[1:] if command[:1] == ("--",) else command
    if not argv:
        raise UsageError("no command", hint=f"sealenv run {shown(env)} -- python")
    if argv is command and argv[0].startswith("-"):
        raise UsageError(
            f"the option {argv[0]} comes after the environment",
            hint=f"put options first: sealenv run {argv[0]} {shown(env)} -- python",
        )
    enter(env, argv, clean=clean)


@click.command(
    "shell",
    cls=Entering,
    epilog="""\b
Examples:
  sealenv shell my_env_3_12          a clean shell of your usual kind
  sealenv shell my_env_3_12 -s fish  another shell
""",
)
@environment()
@CLEAN
@click.option("-s", "--shell", "shell", metavar="SHELL",
              shell_complete=one_of("bash", "zsh", "fish", "tcsh", "xonsh", "nu", "sh", "dash",
                                    "cmd", "powershell", "pwsh"),
              help="bash, zsh, fish, tcsh, xonsh, nu, sh or dash; by default yours. On Windows "
                   "cmd (the default), powershell or pwsh.")  # fmt: skip
def shell_command(clean: bool, shell: str | None, env: str) -> NoReturn:
    """Open a shell in the environment ENV (a name or a path); `exit` leaves it.

    The shell starts without your start-up files, which may hold hooks of other tools.
    """
    from sealenv.commands.shell import enter_shell

    enter_shell(env, shell, clean=clean)


@click.command(
    "which",
    cls=Command,
    epilog="""\b
Examples:
  sealenv which my_env_3_12 python          what python is after activation
  sealenv which my_env_3_12 mamba --shell cmd
  sealenv which --here python               in this shell, as it is
""",
)
@click.option("--here", is_flag=True, help="Look in the current shell, without ENV.")
@click.option("--shell",
              type=click.Choice(["cmd", "powershell", "posix"]),
              help="The shell; by default cmd for a Windows environment, else posix.")  # fmt: skip
@JSON
@environment(then="command", metavar="[ENV]")
@click.argument("command", metavar="COMMAND", required=False)
def which_command(
    here: bool, shell: str | None, as_json: bool, env: str, command: str | None
) -> int:
    """Show every candidate for COMMAND on the PATH of ENV (a name or a path), in the shell's order.

    Shows which one runs and which are hidden or skipped, and why; which package owns each; and what a
    wrapper or script starts in the end. Exit code 1: nothing runs.
    """
    from sealenv.commands.which import which
    from sealenv.errors import UsageError
    from sealenv.naming import printable, shown

    if here and command is not None:
        raise UsageError("--here needs no environment", hint=f"sealenv which --here {command}")
    if not here and command is None:
        raise UsageError("no command", hint=f"sealenv which {shown(env)} python")
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
        found.append(f"package: {one.owner}")
    if one.starts:
        begins = f"{one.starts.how}: {one.starts.path}"
        found.append(begins if one.starts.exists else f"{begins} (not there)")
    return found
