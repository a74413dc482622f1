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
    from sealenv.commands.which import Resolution


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
  sealenv which my_env_3_12 python   what python is after activation
  sealenv which my_env_3_12 mamba --json
""",
)
@JSON
@environment(then="command")
@click.argument("command", metavar="COMMAND", required=False)
def which_command(as_json: bool, env: str, command: str | None) -> int:
    """Show every candidate for COMMAND on the PATH of ENV (a name or a path), in the shell's order.

    Shows which one runs, which are hidden or skipped and why, and which package owns each. The rules are
    those of a POSIX shell, or of cmd.exe if ENV is for Windows. Exit code 1: nothing runs.
    """
    from sealenv.commands.which import which
    from sealenv.errors import UsageError
    from sealenv.naming import printable, shown

    if command is None:
        raise UsageError("no command", hint=f"sealenv which {shown(env)} python")
    answer = which(env, command)
    if as_json:
        print_json(answer)
    else:
        for line in _lines(answer):
            click.echo(printable(line))
        for text in answer.warnings:
            line = fitted(printable(f"warning: {text}"), 9)
            click.echo(paint("warning", fg="yellow") + line.removeprefix("warning"), err=True)
    return 0 if answer.found else 1


def _lines(answer: Resolution) -> list[str]:
    lines = []
    for one in answer.candidates:
        lines += [f"{one.state.value:<12} {one.path}", f"{'':<12}   {one.because}"]
        if one.owner:
            lines.append(f"{'':<12}   package: {one.owner}")
    return lines if answer.found else [*lines, f"nothing runs for {answer.command!r}"]
