"""How to start a command in an environment on POSIX. Imports nothing but os: `sealenv run` is fast.

The shell sources the activation, then replaces itself by the command, so that the exit code and the
signals are the command's own. Ours are those of env(1): 125 the activation refused, 126 the command
cannot be executed, 127 it is not found.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSED = 125

# "$0" is the name in the shell's own messages, "$1" the script or its text, the rest the command.
_OWN = '[ -r "$1" ] || { printf "%s\\n" "sealenv: $1 is missing" >&2; exit 125; }; '
_OWN += '_sealenv_file=$1; . "$1" || exit 125; '
_FOREIGN = '_sealenv_enter() { eval "$1"; }; _sealenv_enter "$1" || exit 125; '
_FOREIGN += "unset -f _sealenv_enter; "
# The shell's own words for a command that is not found name a line of ours.
_RUN = """shift; case $1 in */*) ;; *) command -v -- "$1" >/dev/null || {
printf '%s\\n' "sealenv run: $1: command not found in the environment or the system" \\
"  next: sealenv which ENV COMMAND shows where it looks" >&2; exit 127; } ;; esac; exec "$@"
"""


def find_shell() -> str:
    """Return the shell that activation scripts of packages are written for: bash, else sh."""
    for folder in ("/bin", "/usr/bin", "/usr/local/bin", *os.environ.get("PATH", "").split(":")):
        path = f"{folder}/bash"
        if folder.startswith("/") and os.access(path, os.X_OK):
            return path
    return "/bin/sh"


def command(
    prefix: str | os.PathLike[str], argv: Sequence[str], shell: str | None = None
) -> list[str]:
    """Return the exec vector that runs `argv` in a sealed environment.

    The caller has passed the gate and clears the environment variables if it wants to; the script
    refuses on its own when it has to.

    Args:
        prefix: an absolute path.
        argv: the command and its arguments, any text without NUL.
        shell: the path of a bash or another POSIX shell; `find_shell` when None.
    """
    return [*_start(_OWN, shell), f"{os.fspath(prefix)}/activate.sh", *argv]


def foreign_command(
    prefix: str | os.PathLike[str], argv: Sequence[str], shell: str | None = None
) -> list[str]:
    """Return the exec vector for a foreign prefix, where nothing may be written.

    The same activation runs from memory: its text is an argument, never a file.
    """
    from sealenv.activation.scripts import inline_script  # reads files: not on the fast path

    return [*_start(_FOREIGN, shell), inline_script(prefix), *argv]


def _start(enter: str, shell: str | None) -> list[str]:
    shell = shell or find_shell()
    if shell.rsplit("/", 1)[-1] == "bash":
        # Privileged, it reads no BASH_ENV and takes no functions from the environment. Options that
        # it inherits are its own, not those of the command.
        return [shell, "-p", "-c", f"export -n SHELLOPTS BASHOPTS; {enter}{_RUN}", "sealenv"]
    return [shell, "-c", enter + _RUN, "sealenv"]
