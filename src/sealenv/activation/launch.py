"""How to start a command in an environment. Imports nothing but os: `sealenv run` passes through here.

On POSIX the shell sources the activation, then replaces itself by the command, so that the exit code and
the signals are the command's own. Ours are those of env(1): 125 the activation refused, 126 the command
cannot be executed, 127 it is not found.

On Windows the program is started with computed variables. cmd.exe comes in twice only: for
`etc\\conda\activate.d\\*.bat` of packages, whose variables are read back, and for a command that is
itself a .bat or .cmd.
"""

from __future__ import annotations

import os

from sealenv.activation.windows import activated, script_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = [
    "REFUSED",
    "batch_command_line",
    "command",
    "command_processor",
    "entered",
    "find_program",
    "find_shell",
    "foreign_command",
    "windows_command",
    "with_package_scripts",
]

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

# Options that a bash inherits are its own, not those of the command. A privileged bash reads no
# BASH_ENV and no SHELLOPTS, and takes no functions from the environment. dash's exec takes no `--`,
# and needs none: it has no options.
_BASH = {"builtin": "builtin ", "exec": "builtin exec -- "}
_SH = {"builtin": "", "exec": "exec "}
_FIRST = "export -n SHELLOPTS BASHOPTS; "


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


def _start(text: str, shell: str | None) -> list[str]:
    shell = shell or find_shell()
    is_bash = shell.rsplit("/", 1)[-1] == "bash"
    words = _BASH if is_bash else _SH
    program = text.format(found=_FOUND.format(**words), **words)
    if is_bash:
        return [shell, "-p", "-c", _FIRST + program, "sealenv"]
    return [shell, "-c", program, "sealenv"]


_LAUNCHED = (".COM", ".EXE", ".BAT", ".CMD")
"""What Windows itself can start; other endings of PATHEXT need a program of their own."""
_CMD_LINE = 8000
"""cmd.exe takes 8191 characters."""


def entered(
    prefix: str, environ: Mapping[str, str], *, condabin_first: bool = True
) -> dict[str, str]:
    """Return the variables with the environment active; as they are where it is active already.

    Raises:
        PrefixError: see `with_package_scripts`.
    """
    from sealenv.gates.admission import is_active

    if is_active(environ, prefix):
        return {name.upper(): value for name, value in environ.items()}
    return with_package_scripts(prefix, activated(prefix, environ, condabin_first=condabin_first))


def with_package_scripts(prefix: str, environ: dict[str, str]) -> dict[str, str]:
    """Return the variables after the packages' activation scripts have run.

    The output of the scripts goes to stderr.

    Raises:
        UsageError: cmd.exe cannot be given the path of one of them.
        PrefixError: cmd.exe itself failed: a script ended it.
    """
    scripts = [f"{prefix}\\etc\\conda\\activate.d\\{name}" for name in script_names(prefix)]
    if not scripts:
        return environ
    import subprocess

    from sealenv.errors import PrefixError

    calls = [f"call {_quoted(script, 'the script')} 1>&2" for script in scripts]
    processor = command_processor(environ)
    # With /u `set` writes UTF-16; the scripts themselves run without, as what they print is for
    # people. A line of its own marks the end, so that an incomplete list is noticed.
    line = " & ".join([*calls, f'"{processor}" /d /u /v:off /s /c "set & echo ="'])
    done = subprocess.run(
        f'"{processor}" /d /v:off /s /c "{line}"',
        executable=processor,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        check=False,
    )
    text = done.stdout.decode("utf-16-le", "surrogatepass").replace("\r\n", "\n")
    lines = text.rstrip("\n").split("\n")
    if lines[-1].strip() != "=":
        raise PrefixError(
            "an activation script of a package ended cmd.exe",
            where=f"{prefix}\\etc\\conda\\activate.d",
            details=scripts,
        )
    pairs = (shown.partition("=") for shown in lines[:-1])
    return {name.upper(): value for name, found, value in pairs if found and name}


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return the file of a command, found on the PATH of the environment.

    As cmd.exe does, but never in the current folder: in a folder the endings in the order of
    PATHEXT, an earlier folder first. A command with a folder in it is that file.
    """
    listed = [end.upper() for end in environ.get("PATHEXT", "").split(";") if end]
    endings = [end for end in listed if end in _LAUNCHED] or list(_LAUNCHED)
    if "\\" in name or "/" in name or name[1:2] == ":":
        return _with_ending(os.path.abspath(name), endings)
    for folder in environ.get("PATH", "").split(";"):
        folder = folder.strip().strip('"')
        if folder and os.path.isabs(folder):
            found = _with_ending(os.path.join(folder, name), endings)
            if found:
                return found
    return None


def _with_ending(path: str, endings: Sequence[str]) -> str | None:
    has_one = "." in os.path.basename(path)
    for candidate in [*([path] if has_one else []), *(path + end.lower() for end in endings)]:
        if os.path.isfile(candidate):
            return candidate
    return None


def windows_command(
    prefix: str, argv: Sequence[str], environ: Mapping[str, str]
) -> tuple[list[str] | str, str, dict[str, str]] | None:
    """Return the command line, file and variables with which `argv` runs in the environment.

    Args:
        prefix: its absolute path.
        argv: the command and its arguments.
        environ: clean variables.

    Returns:
        None when there is no such program.

    Raises:
        UsageError: an argument cannot be given to a batch file.
        PrefixError: see `with_package_scripts`.
    """
    variables = entered(prefix, environ)
    program = find_program(argv[0], variables)
    if program is None:
        return None
    if _is_batch(program):
        line = batch_command_line(program, argv[1:], variables)
        return line, command_processor(variables), variables
    return list(argv), program, variables


def _is_batch(program: str) -> bool:
    """Return whether only cmd.exe can run it. Windows drops final dots and spaces (CVE-2024-43402)."""
    return program.lower().rstrip(". ").endswith((".bat", ".cmd"))


def command_processor(environ: Mapping[str, str]) -> str:
    """Return cmd.exe of this Windows, independent of PATH and COMSPEC."""
    return environ.get("SYSTEMROOT", r"C:\Windows") + r"\System32\cmd.exe"


def batch_command_line(script: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the command line on which cmd.exe runs a batch file with exactly these arguments.

    A batch file gets one text, which it parses again. A character that could change an argument or
    become a command is refused: a quote, a percent sign, a caret (CALL doubles it), control
    characters.

    Raises:
        UsageError: with the argument and the reason.
    """
    words = [_quoted(script, "the batch file"), *(_quoted(a, "the argument") for a in arguments)]
    line = f'"{command_processor(environ)}" /d /v:off /s /c "{" ".join(words)}"'
    if len(line) > _CMD_LINE:
        raise _refused("the command line", f"{line[:60]}...", "it is longer than cmd.exe can take")
    return line


_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./\\:+@")


def _quoted(word: str, what: str) -> str:
    for char in word:
        if (char < " " and char != "\t") or char in '"%^\x7f':
            raise _refused(what, word, f"cmd.exe would change {char!r}")
    if word and _BARE.issuperset(word):
        return word
    # A program that gets it in the end takes a backslash before a quote for an escape.
    return '"' + word + "\\" * (len(word) - len(word.rstrip("\\"))) + '"'


def _refused(what: str, word: str, why: str) -> Exception:
    from sealenv.errors import UsageError

    return UsageError(
        f"{what} {word!r} cannot be given to a batch file: {why}",
        hint="name the program instead of its .bat: conda.exe, mamba.exe, python -m ...",
    )
