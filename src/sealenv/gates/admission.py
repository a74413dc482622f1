"""Who may enter an environment, what a refusal says, and which variables child processes get.

Imports nothing but os and sys until something is wrong: `sealenv run` passes through here.
"""

from __future__ import annotations

import os
import sys

from sealenv.gates.rules import HONOURED, KEPT, KEPT_WINDOWS, ON_PATH, RULES, SHELL, Rule, rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Finding:
    """One variable, or one folder on PATH: what it is, why it can hurt, how to clear it.

    Args:
        rule: the entry of the table.
        value: the value, in which secrets are masked.
        name: the variable, as it is spelled here.
    """

    def __init__(self, rule: Rule, value: str, name: str = "") -> None:
        from sealenv.urls import masked_value

        self.name = name or rule.name
        self.value = masked_value(self.name, value)
        self.what = rule.what
        self.why = rule.why
        self.clear = rule.clear_in(SHELL)
        """How to clear it, in the usual shell of this system."""

    def __str__(self) -> str:
        """Return one line; control characters are escaped, so that a value cannot forge a line."""
        from sealenv.naming import printable

        return printable(f"{self.name}={self.value}: {self.what}; to clear it: {self.clear}")

    def to_json(self) -> dict[str, str]:
        """Return the finding as a JSON-ready mapping."""
        return dict(vars(self))


def find(environ: Mapping[str, str], prefix: str = "", *, own: bool = False) -> list[Finding]:
    """Return what makes `environ` dirty: variables in the order of the table, then folders of PATH.

    Args:
        environ: variables; unless `own`, without those of the environment that sealenv runs from
            (`admission.scrub`).
        prefix: the environment to enter: its own folders on PATH do not count.
        own: the environment that sealenv runs from counts too, as it does for activation scripts.
    """
    by_rule = {}
    for name, value in environ.items():
        rule = rule_of(name)
        if rule is not None and rule.applies_to(value):
            by_rule[rule.name] = Finding(rule, value, name)
    found = [by_rule[rule.name] for rule in RULES if rule.name in by_rule]
    mine = [prefix] if prefix else []
    if not own:
        mine += [sys.prefix, sys.exec_prefix]
    return found + [Finding(ON_PATH, folder) for folder in _of_other_environments(environ, mine)]


_PROGRAMS = ("bin", "scripts")
"""Folders of an environment that its activation puts on PATH; conda's hook alone adds condabin."""


def _of_other_environments(environ: Mapping[str, str], own: Iterable[str]) -> list[str]:
    """Return the folders on PATH that belong to an environment, as they stand there.

    Args:
        environ: PATH is read from it.
        own: prefixes that do not count, such as the one sealenv runs from.
    """
    mine = {_real(prefix) for prefix in own}
    found: dict[str, None] = {}
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = entry.strip('"') if os.name == "nt" else entry
        prefix = environment_of(folder) if folder else None
        if prefix is not None and _real(prefix) not in mine:
            found[folder] = None
    return list(found)


def environment_of(folder: str) -> str | None:
    """Return the prefix of the environment that a folder on PATH belongs to, if there is one."""
    folder = folder.rstrip("/\\") or folder
    prefixes = [folder]
    if os.path.basename(folder).lower() in _PROGRAMS:
        prefixes.append(os.path.dirname(folder) or ".")
    for prefix in prefixes:
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            return prefix
        if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
            return prefix
    return None


def look(environ: Mapping[str, str]) -> list[Finding]:
    """Return what makes this process dirty, without the environment that sealenv itself runs from."""
    return find(scrub(environ))


def enter(environ: Mapping[str, str], prefix: str, *, clean: bool = False) -> dict[str, str]:
    """Return the variables to enter an environment with.

    Where sealenv activated it, its variables stay as they are. Where conda or mamba did, they are
    removed, so that it is entered as from a clean shell.

    Args:
        environ: the variables of this process.
        prefix: the environment.
        clean: start from a clean environment instead of refusing a dirty one.

    Raises:
        DirtyShellError: another environment is active, or Python is redirected.
    """
    if clean:
        return clean_environ(environ)
    environ = scrub(environ)
    found = find(environ, prefix)
    named = _is_named(environ, prefix)
    active = named and _comes_first(environ, prefix)
    if active:
        found = [finding for finding in found if finding.name not in _OF_ACTIVE]
    if found:
        raise refuse(found, without_path=named and not active)
    if not active:
        return without_dirt(environ)
    return (
        environ if environ.get("SEALENV_PREFIX") else without_dirt(scrub(environ, prefix, prefix))
    )


_OF_ACTIVE = ("CONDA_PREFIX", "CONDA_SHLVL", "SEALENV_PREFIX")
"""What an activation itself sets."""


def is_active(environ: Mapping[str, str], prefix: str) -> bool:
    """Return whether the environment is the active one, and its programs come first on PATH."""
    return _is_named(environ, prefix) and _comes_first(environ, prefix)


def _is_named(environ: Mapping[str, str], prefix: str) -> bool:
    ours = environ.get("SEALENV_PREFIX")
    return _same(environ.get("CONDA_PREFIX", ""), prefix) and (not ours or _same(ours, prefix))


def _comes_first(environ: Mapping[str, str], prefix: str) -> bool:
    """Return whether no other Python is before the environment's own folders on PATH."""
    own = [os.path.join(prefix, folder) for folder in _FIRST]
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = entry.strip('"')
        if any(_same(folder, mine) for mine in own):
            return True
        if any(os.path.exists(os.path.join(folder, name)) for name in _PYTHON):
            return False
    return False


_FIRST = ("condabin", "") if os.name == "nt" else ("bin",)
"""What an activation by us, conda or mamba puts first on PATH."""
_PYTHON = ("python.exe",) if os.name == "nt" else ("python", "python3")


def _same(one: str, other: str) -> bool:
    return bool(one) and _real(one) == _real(other)


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def refuse(found: Sequence[Finding], *, without_path: bool = False) -> Exception:
    """Return the refusal, with everything that was found.

    Args:
        found: the findings.
        without_path: the environment is the active one, but another Python comes first on PATH.
    """
    from sealenv.errors import DirtyShellError

    details = [str(finding) for finding in found]
    if without_path:
        details.append("PATH: this environment is active, but its programs do not come first")
    return DirtyShellError(
        "this shell is not clean",
        details=details,
        hint="open a clean shell, or start from a clean environment with --clean",
    )


def without_dirt(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` without the variables of the gate's table, also those with a harmless value."""
    return {name: value for name, value in environ.items() if rule_of(name) is None}


_VENV_VARIABLES = ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")
_CONDA_VARIABLES = ("CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER")
_CONDA_STACK = ("CONDA_PREFIX_", "CONDA_STACKED_")


def scrub(
    environ: Mapping[str, str],
    own_prefix: str | None = None,
    own_exec_prefix: str | None = None,
) -> dict[str, str]:
    """Return `environ` without the environment that sealenv itself runs from.

    The virtual environment of pipx or `uv run`, or a conda environment with sealenv in it, does not
    count: its variables and its folders on PATH are removed. If the active sealed environment
    (SEALENV_PREFIX) has sealenv in it, it stays.

    Args:
        environ: the environment variables to start from; not changed.
        own_prefix: where sealenv runs from; `sys.prefix` by default.
        own_exec_prefix: likewise `sys.exec_prefix`.
    """
    result = dict(environ)
    own = [own_prefix or sys.prefix, own_exec_prefix or sys.exec_prefix]
    own = [prefix for prefix in own if not _same(prefix, result.get("SEALENV_PREFIX", ""))]
    if any(_same(prefix, result.get("VIRTUAL_ENV", "")) for prefix in own):
        for name in _VENV_VARIABLES:
            result.pop(name, None)
    if any(_same(prefix, result.get("CONDA_PREFIX", "")) for prefix in own):
        for name in [n for n in result if n in _CONDA_VARIABLES or n.startswith(_CONDA_STACK)]:
            del result[name]
    mine = [prefix for prefix in own if environment_of(prefix) is not None]
    gone = {_real(os.path.join(prefix, folder)) for prefix in mine for folder in _BIN}
    if gone and "PATH" in result:
        entries = result["PATH"].split(os.pathsep)
        result["PATH"] = os.pathsep.join(e for e in entries if not e or _real(e) not in gone)
    return result


_BIN = ("Scripts", "Library\\bin", "") if os.name == "nt" else ("bin",)


_NEVER = ("SEALENV_PREFIX", "SEALENV_CHECK_TOKEN")
_NAMES = [name for names, _ in HONOURED + KEPT for name in names.split()]
_EXACT = {name for name in _NAMES if not name.endswith("*")}
_STARTS = tuple(name[:-1] for name in _NAMES if name.endswith("*"))


def default_path(environ: Mapping[str, str] | None = None) -> str:
    """Return the PATH of the operating system alone."""
    if os.name == "nt":
        root = (environ or os.environ).get("SYSTEMROOT", r"C:\Windows")
        system = root + r"\System32"
        return ";".join((system, root, system + r"\Wbem", system + r"\WindowsPowerShell\v1.0"))
    return "/usr/bin:/bin:/usr/sbin:/sbin"


def command_processor(environ: Mapping[str, str]) -> str:
    """Return cmd.exe of this Windows, independent of PATH and COMSPEC."""
    return environ.get("SYSTEMROOT", r"C:\Windows") + r"\System32\cmd.exe"


def clean_environ(environ: Mapping[str, str], *, home: str | None = None) -> dict[str, str]:
    """Return what of `environ` a clean child process gets.

    Args:
        environ: the environment variables to choose from; not changed.
        home: the child's HOME (USERPROFILE on Windows); the user's own when None.
    """
    windows = os.name == "nt"
    result = {}
    for name, value in environ.items():
        plain = name.upper() if windows else name
        kept = plain in _EXACT or plain.startswith(_STARTS)
        if (kept or (windows and plain in KEPT_WINDOWS)) and plain not in _NEVER:
            result[name] = value
    result["PATH"] = default_path(environ)
    variable = "USERPROFILE" if windows else "HOME"
    if home is not None:
        result[variable] = home
    elif variable in environ:
        result[variable] = environ[variable]
    return result


def private_folders(home: str | os.PathLike[str]) -> dict[str, str]:
    """Return the variables with which programs write their user files into a folder."""
    names = ["HOME", "USERPROFILE"]
    if os.name == "nt":
        names += ["APPDATA", "LOCALAPPDATA", "TEMP", "TMP"]
    return dict.fromkeys(names, os.fspath(home))


_BESIDES = ("CONDA_", "MAMBA_", "PYTHON", "VIRTUAL_ENV")


def engine_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for the engine: the user's network settings, but no state of any environment.

    The variables in the gate's table and all settings of conda, mamba and Python are removed.
    RATTLER_AUTH_FILE, proxies, TLS settings and HOME (for credentials) stay.
    """
    return {k: v for k, v in without_dirt(environ).items() if not k.startswith(_BESIDES)}
