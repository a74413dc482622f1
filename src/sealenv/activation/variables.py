"""The variables that an activation sets: those of every environment, and those attached to one.

CEP 32: `etc/conda/env_vars.d/*.json` of the packages, in the order of their names, then `env_vars`
of `conda-meta/state`, which `conda env config vars set` writes and which wins.

Imports nothing at the top: `sealenv run` on Windows passes through here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


_FOLDER = "etc/conda/env_vars.d"
STATE = "conda-meta/state"
UNSET = "***unset***"
"""conda's value for a variable that `conda env config vars unset` removed. The activation does not set
it, even if a package does; a value of the shell is left alone (conda/activate.py, build_activate)."""

_OURS = (
    "PATH CONDA_PREFIX CONDA_SHLVL CONDA_DEFAULT_ENV CONDA_PROMPT_MODIFIER MAMBA_ROOT_PREFIX "
    "PYTHONNOUSERSITE PIP_CONFIG_FILE CONDARC MAMBARC "
    "SEALENV_PREFIX SEALENV_CHECK_TOKEN "
    "CONDA_EXE CONDA_BAT CONDA_PYTHON_EXE MAMBA_EXE _CE_M _CE_CONDA "
    # What the gate calls dirt: an environment may not bring it itself.
    "PYTHONHOME PYTHONPATH PYTHONPLATLIBDIR PYTHONEXECUTABLE __PYVENV_LAUNCHER__ VIRTUAL_ENV"
)
# What a shell uses itself: read-only, or with a meaning of its own in one of our shells.
_OF_SHELLS = (
    "_ IFS PS1 PS2 PS3 PS4 PROMPT PROMPT2 RPROMPT RPS1 PROMPT_COMMAND ENV BASH_ENV BASHOPTS "
    "SHELLOPTS BASHPID BASH_VERSION ZSH_VERSION ZSH_EVAL_CONTEXT BASH_SOURCE FUNCNAME BASH_ARGV0 "
    "GLOBSORT GLOBIGNORE PPID UID EUID GID EGID USERNAME RANDOM SECONDS LINENO OPTIND "
    "OPTARG HISTCMD SHLVL PWD OLDPWD ARGC CURRENT_FILE FILE_PWD NU_VERSION XONSH_VERSION "
    "SIGNALS TTYIDLE ERRNO argv status path cdpath fpath manpath mailpath module_path psvar "
    "fignore watch prompt cwd home shell pipestatus signals options functions aliases commands "
    "history version umask hostname pid fish_pid CMD_DURATION status_generation "
    "true false null in config nu env"
)
_RESERVED = frozenset((*_OURS.split(), *_OF_SHELLS.split()))
"""Names that no environment may set."""
_WINDOWS = (
    "PATH PROMPT COMSPEC SYSTEMROOT WINDIR CD DATE TIME RANDOM ERRORLEVEL CMDCMDLINE CMDEXTVERSION "
    "CONDA_EXE CONDA_BAT CONDA_PYTHON_EXE MAMBA_EXE _CE_M _CE_CONDA"
)
_OF_WINDOWS = frozenset(_WINDOWS.split())
"""Names, in any case, that no environment may set there."""


def settings(prefix: str, name: str, *, windows: bool = False) -> list[tuple[str, str, str]]:
    """Return what every activation sets, in CEP 32's order: name, value, the file it needs or nothing.

    The value of PATH, for POSIX only, is the folder that comes before the others.

    Args:
        prefix: its path.
        name: its folder's name.
        windows: for a prefix of Windows.
    """

    def at(*parts: str) -> str:
        return ("\\" if windows else "/").join((prefix, *parts))

    condarc = at(".condarc")
    shared = [
        ("CONDA_PREFIX", prefix, ""),
        ("CONDA_SHLVL", "1", ""),
        ("CONDA_DEFAULT_ENV", name, ""),
        ("CONDA_PROMPT_MODIFIER", f"({name}) ", ""),
        ("MAMBA_ROOT_PREFIX", prefix, ""),
        ("PYTHONNOUSERSITE", "1", ""),
        ("SEALENV_PREFIX", prefix, ""),
        ("PIP_CONFIG_FILE", "nul" if windows else "/dev/null", ""),
        ("CONDARC", condarc, condarc),
        ("MAMBARC", condarc, condarc),
    ]
    if windows:
        conda, mamba = at("condabin", "conda.bat"), at("Library", "bin", "mamba.exe")
        return [
            *shared,
            ("CONDA_BAT", conda, conda),
            ("CONDA_EXE", at("Scripts", "conda.exe"), conda),
            ("CONDA_PYTHON_EXE", at("python.exe"), conda),
            ("MAMBA_EXE", mamba, mamba),
        ]
    conda, mamba = at("bin", "conda"), at("bin", "mamba")
    return [
        ("PATH", at("bin"), ""),
        *shared,
        ("CONDA_EXE", conda, conda),
        ("CONDA_PYTHON_EXE", at("bin", "python"), conda),
        ("MAMBA_EXE", mamba, mamba),
    ]


def read_variables(prefix: Path) -> tuple[dict[str, str], list[str]]:
    """Merge env_vars.d and state of a prefix; a broken file is a problem, never an exception.

    Returns:
        The values, and a sentence for each problem.
    """
    values: dict[str, str] = {}
    problems: list[str] = []
    # Code-point order, which is the byte order of UTF-8; hidden files are not matched by a glob.
    names = sorted(path.name for path in (prefix / _FOLDER).glob("*.json"))
    for name in (name for name in names if not name.startswith(".")):
        label = f"{_FOLDER}/{name}"
        _merge(values, _read(prefix / label, label, problems), label, problems)
    state = _read(prefix / STATE, STATE, problems)
    _merge(values, state.get("env_vars") or {}, f"{STATE}: env_vars", problems)
    return {name: value for name, value in values.items() if value != UNSET}, problems


def _read(path: Path, label: str, problems: list[str]) -> dict[str, object]:
    import json

    from sealenv.system.files import read_regular

    try:
        content = json.loads(read_regular(path))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        problems.append(f"{label} cannot be read: {getattr(error, 'strerror', None) or error}")
        return {}
    if not isinstance(content, dict):
        problems.append(f"{label} is not a JSON object")
        return {}
    return content


def _merge(values: dict[str, str], content: object, label: str, problems: list[str]) -> None:
    if not isinstance(content, dict):
        problems.append(f"{label} is not a JSON object")
        return
    for name, value in content.items():
        if not (name.isascii() and name.isidentifier()):
            problems.append(f"{label}: {name!r} is not a name of a variable")
        elif name in _RESERVED or name.lower().startswith("_sealenv_"):
            problems.append(f"{label}: {name} is reserved and was not set")
        elif not isinstance(value, str) or any(
            c == "\0" or "\ud800" <= c <= "\udfff" for c in value
        ):
            problems.append(f"{label}: the value of {name} is not a text")
        else:
            values[name] = value


def usable_on_windows(values: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return what Windows can set; of names that differ only in case, the last wins."""
    spelled: dict[str, str] = {}
    problems = []
    for name in values:
        if name.upper() in _OF_WINDOWS:
            problems.append(f"{name} is reserved on Windows and was not set")
            continue
        spelled.pop(name.upper(), None)
        spelled[name.upper()] = name
    return {name: values[name] for name in spelled.values()}, problems
