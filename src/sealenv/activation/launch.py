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
_OWN = '[ -r "$1" ] || {{ printf "%s\\n" "sealenv: $1 is missing" >&2; exit 125; }}; '
_OWN += '_sealenv_file=$1; . "$1" || exit 125; {builtin}shift; {found}{exec}"$@"'
_FOREIGN = '_sealenv_enter() {{ eval "$1"; }}; _sealenv_enter "$1" || exit 125; '
_FOREIGN += '{builtin}unset -f _sealenv_enter; {builtin}shift; {found}{exec}"$@"'
# The shell's own words for it name a line of ours.
_FOUND = """case $1 in */*) ;; *) {builtin}command -v -- "$1" >/dev/null || {{
printf '%s\\n' "sealenv run: $1: command not found in the environment or the system" \\
"  next: sealenv which ENV COMMAND shows where it looks" >&2; exit 127; }} ;; esac; """

# A bash that was started without a PATH makes one up, with `.` in it, and does not export it.
_BASH = "case $BASH_VERSION in [1-4].*) ;; *) case ${{PATH@a}} in *x*) ;; "
_BASH += "*) PATH=/usr/bin:/bin:/usr/sbin:/sbin ;; esac ;; esac; "
# Its options are its own, not those of the command.
_BASH += "export -n SHELLOPTS BASHOPTS; "

# Which options it is started with, what comes first, `builtin`, and `exec`. A privileged bash reads
# no BASH_ENV and no SHELLOPTS, and takes no functions from the environment. dash's exec takes no
# `--`, and needs none: it has no options.
_DIALECTS = {
    "bash": (["-p"], _BASH, "builtin ", "builtin exec -- "),
    "zsh": (["-f"], "", "builtin ", "builtin exec -- "),
    "sh": ([], "", "", "exec "),
}


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
    return [*_start(_OWN, shell), f"{os.fspath(prefix)}/activate.sh", *argv]


def foreign_command(
    prefix: str | os.PathLike[str], argv: Sequence[str], shell: str | None = None
) -> list[str]:
    """The exec vector for a prefix that is not ours, where nothing may be written.

    The same activation runs from memory: its text is an argument, never a file.
    """
    if not argv:
        raise ValueError("no command")
    from sealenv.activation.scripts import inline_script  # reads files: not on the fast path

    return [*_start(_FOREIGN, shell), inline_script(prefix), *argv]


def _start(text: str, shell: str | None) -> list[str]:
    shell = shell or find_shell()
    name = shell.rsplit("/", 1)[-1]
    options, first, builtin, execute = _DIALECTS.get(name, _DIALECTS["sh"])
    found = _FOUND.format(builtin=builtin)
    program = (first + text).format(builtin=builtin, exec=execute, found=found)
    return [shell, *options, "-c", program, "sealenv"]
