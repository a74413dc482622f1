"""How to start a command in an environment on Windows, with the variables that `activate.bat` sets.

The program is started with computed variables. cmd.exe comes in twice only: for
`etc\\conda\\activate.d\\*.bat` of packages, whose variables are read back, and for a command that is
itself a .bat or .cmd. Imports nothing but os until it has to: `sealenv run` passes through here.
"""

from __future__ import annotations

import os

from sealenv.activation.variables import settings
from sealenv.gates.admission import command_processor, is_active

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LEVELS = ("Library\\mingw-w64\\bin", "Library\\usr\\bin", "Library\\bin", "Scripts", "bin")
_MSYS = ("ucrt64", "clang64", "mingw64", "clangarm64")


def made_at(prefix: str) -> str:
    """Return the path at which a prefix was made; the given one if it was made on another system.

    Raises:
        PrefixError: it was moved or copied by hand, or its scripts are gone.
    """
    note = os.path.join(prefix, "etc", "sealenv", "prefix.txt")
    try:
        with open(note, encoding="utf-8", errors="surrogateescape") as file:
            made = file.read().rstrip("\n")
    except OSError:
        from sealenv.errors import PrefixError

        raise PrefixError(
            "the activation scripts are missing",
            where=note,
            hint="sealenv repair writes them again",
        ) from None
    if not made:
        return prefix
    try:
        if os.path.samefile(made, prefix):
            return made
    except OSError:
        pass
    from sealenv.errors import PrefixError
    from sealenv.naming import shown

    raise PrefixError(
        "this environment was moved or copied by hand: it would not work",
        where=prefix,
        details=[f"it was made at {made}"],
        hint=f"fix it with: sealenv move --here {shown(prefix)}; or move it back",
    )


def script_names(prefix: str, kind: str = "activate.d") -> list[str]:
    """Return the scripts of the packages for cmd.exe in `activate.d` or `deactivate.d`, sorted."""
    try:
        names = os.listdir(os.path.join(prefix, "etc", "conda", kind))
    except OSError:
        return []
    return sorted(n for n in names if n.lower().endswith(".bat") and not n.startswith("."))


def path_folders(prefix: str, *, condabin_first: bool = True) -> list[str]:
    """Return the folders that an activation puts on PATH.

    In CEP 32's order condabin comes last. In cmd.exe and here it comes second, so that conda.bat and
    mamba.bat come before the programs that they wrap, and our deactivate.bat before conda's.
    """
    condabin = f"{prefix}\\condabin"
    found = (f"{prefix}\\Library\\{name}\\bin" for name in _MSYS)
    msys = next((folder for folder in found if os.path.isdir(folder.replace("\\", os.sep))), None)
    folders = [*([msys] if msys else []), *(f"{prefix}\\{level}" for level in _LEVELS)]
    return [prefix, *([condabin, *folders] if condabin_first else [*folders, condabin])]


def activated(
    prefix: str, environ: Mapping[str, str], *, condabin_first: bool = True
) -> dict[str, str]:
    """Return `environ` with the environment active, without the packages' own scripts.

    Args:
        prefix: its absolute path.
        environ: clean variables.
        condabin_first: see `path_folders`.
    """
    result = {key.upper(): value for key, value in environ.items()}
    for key in ("CONDA_EXE", "CONDA_BAT", "CONDA_PYTHON_EXE", "MAMBA_EXE", "_CE_M", "_CE_CONDA"):
        result.pop(key, None)
    for key, value in _variables(prefix).items():
        result.pop(key.upper(), None)
        if value:
            result[key.upper()] = value
    old = result.get("PATH", "")
    root = result.get("SYSTEMROOT", r"C:\Windows")
    system = [f"{root}\\System32", root, f"{root}\\System32\\Wbem"]
    if f";{system[0]};".lower() in f";{old};".lower():
        system = []
    folders = path_folders(prefix, condabin_first=condabin_first)
    result["PATH"] = ";".join([*folders, *system, *([old] if old else [])])
    for name, value, needs in settings(prefix, prefix.rsplit("\\", 1)[-1], windows=True):
        if not needs or os.path.isfile(needs):
            result[name] = value
    return result


def _variables(prefix: str) -> dict[str, str]:
    """Return the variables of the environment itself, which most environments do not have."""
    state = os.path.join(prefix, "conda-meta", "state")
    folder = os.path.join(prefix, "etc", "conda", "env_vars.d")
    if not os.path.exists(state) and not os.path.isdir(folder):
        return {}
    from pathlib import Path

    from sealenv.activation.variables import read_variables, usable_on_windows

    return usable_on_windows(read_variables(Path(prefix))[0])[0]


_LAUNCHED = (".COM", ".EXE", ".BAT", ".CMD")
"""What Windows itself can start; other endings of PATHEXT need a program of their own."""
_CMD_LINE = 8000
"""cmd.exe takes 8191 characters."""


def entered(
    prefix: str, environ: Mapping[str, str], *, condabin_first: bool = True
) -> dict[str, str]:
    """Return the variables with the environment active; as they are where it is active already.

    Raises:
        PrefixError: see `_with_package_scripts`.
    """
    if is_active(environ, prefix):
        return {name.upper(): value for name, value in environ.items()}
    return _with_package_scripts(prefix, activated(prefix, environ, condabin_first=condabin_first))


def _with_package_scripts(prefix: str, environ: dict[str, str]) -> dict[str, str]:
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


def command(
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
        PrefixError: see `_with_package_scripts`.
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
