"""How to start a command in an environment: an exec vector, no lingering parent.

The shell sources the activation, then replaces itself by the command, so that the exit code and the
signals are the command's own. Ours are those of env(1): 125 the activation refused, 126 the command
cannot be executed, 127 it is not found. Imports nothing but os: `sealenv run` passes through here.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["REFUSED", "command", "find_shell", "foreign_command"]

REFUSED = 125

# "$0" is the name in the shell's own messages, "$1" the script or its text, the rest the command.
# dash's exec takes no `--`, and needs none: it has no options.
_OWN = '[ -r "$1" ] || {{ printf "%s\\n" "sealenv: $1 is missing" >&2; exit 125; }}; '
_OWN += '. "$1" || exit 125; shift; exec {dashes}"$@"'
_FOREIGN = '_sealenv_enter() {{ eval "$1"; }}; _sealenv_enter "$1" || exit 125; '
_FOREIGN += 'unset -f _sealenv_enter; shift; exec {dashes}"$@"'


def find_shell() -> str:
    """The shell that activation scripts of packages are written for: bash, else sh."""
    for folder in ("/bin", "/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")):
        path = f"{folder}/bash"
        if folder.startswith("/") and os.access(path, os.X_OK):
            return path
    return "/bin/sh"


def command(
    prefix: str | os.PathLike[str], argv: Sequence[str], shell: str | None = None
) -> list[str]:
    """The exec vector that runs `argv` in a sealed environment.

    The caller has passed the gate and clears the environment variables if it wants to; the script
    refuses on its own when it has to.

    Args:
        prefix: an absolute path.
        argv: the command and its arguments, any text without NUL.
        shell: the path of a bash, dash, zsh or other POSIX shell; `find_shell` when None.
    """
    if not argv:
        raise ValueError("no command")
    shell = shell or find_shell()
    return [shell, "-c", _text(_OWN, shell), "sealenv", f"{os.fspath(prefix)}/activate.sh", *argv]


def foreign_command(
    prefix: str | os.PathLike[str], argv: Sequence[str], shell: str | None = None
) -> list[str]:
    """The exec vector for a prefix that is not ours, where nothing may be written.

    The same activation runs from memory: its text is an argument, never a file.
    """
    if not argv:
        raise ValueError("no command")
    from sealenv.activation.scripts import inline_script  # reads files: not on the fast path

    shell = shell or find_shell()
    return [shell, "-c", _text(_FOREIGN, shell), "sealenv", inline_script(prefix), *argv]


def _text(text: str, shell: str) -> str:
    dashes = "-- " if shell.endswith(("/bash", "/zsh")) else ""
    return text.format(dashes=dashes)
