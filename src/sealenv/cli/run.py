"""`sealenv run` and `sealenv shell`."""

from __future__ import annotations

from typing import NoReturn

import click

from sealenv.cli.options import CLEAN, ENV, complete_program, one_of

__all__ = ["run_command", "shell_command"]


@click.command(
    "run",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
    epilog="""\b
Examples:
  sealenv run my_env_3_12 -- python -m pip list
  sealenv run --clean my_env_3_12 -- conda install numpy
  sealenv run ./env -- sh -c 'echo "$CONDA_PREFIX"'

On Windows an argument that a .bat or .cmd cannot be given as it is (with ", %, ^) is refused.
The exit code and the signals are the command's own. 125: sealenv refused; 126: the command cannot
be executed; 127: it was not found.
""",
)
@CLEAN
@click.argument("env", type=ENV)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED,
                shell_complete=complete_program)  # fmt: skip
def run_command(clean: bool, env: str, command: tuple[str, ...]) -> NoReturn:
    """Run COMMAND in the environment ENV (a name or a path), as if it were activated."""
    from sealenv.commands.run import enter
    from sealenv.errors import UsageError
    from sealenv.naming import shown

    if command[0] != "--" and command[0].startswith("-"):
        raise UsageError(
            f"{command[0]} comes after the environment",
            hint=f"options come first: sealenv run --clean {shown(env)} -- ...; a command after --",
        )
    argv = command[1:] if command[0] == "--" else command
    if not argv:
        raise click.UsageError("no command after --")
    enter(env, argv, clean=clean)


@click.command(
    "shell",
    epilog="""\b
Examples:
  sealenv shell my_env_3_12          your shell, without its start-up files
  sealenv shell my_env_3_12 -s fish  another one
""",
)
@CLEAN
@click.option("-s", "--shell", "shell", metavar="SHELL",
              shell_complete=one_of("bash", "zsh", "fish", "tcsh", "xonsh", "nu", "sh", "dash",
                                    "cmd", "powershell", "pwsh"),
              help="bash, zsh, fish, tcsh, xonsh, nu, sh or dash; yours without it. On Windows "
                   "cmd, powershell or pwsh; cmd without it.")  # fmt: skip
@click.argument("env", type=ENV)
def shell_command(clean: bool, shell: str | None, env: str) -> NoReturn:
    """Open a shell in the environment ENV (a name or a path); `exit` leaves it.

    The shell starts without your start-up files, which may hold hooks of other tools.
    """
    from sealenv.commands.shell import enter_shell

    enter_shell(env, shell, clean=clean)
