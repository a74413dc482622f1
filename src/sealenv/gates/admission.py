"""Who may enter an environment, what a refusal says, and which variables child processes get."""

from __future__ import annotations

import os
import sys

from sealenv.gates.findings import Finding, environment_of, find
from sealenv.gates.rules import rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["enter", "is_active", "look", "refuse", "scrub", "without_dirt"]


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
        from sealenv.gates.whitelist import clean_environ

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
    try:
        return os.path.normcase(os.path.realpath(path))
    except FileNotFoundError:  # relative, and the current folder no longer exists
        return path


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
    """Return `environ` without every variable of the gate's table, whatever its value."""
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
