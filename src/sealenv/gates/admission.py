"""Who may enter an environment, and what a refusal says."""

from __future__ import annotations

import os

from sealenv.gates.children import scrub, without_dirt
from sealenv.gates.findings import Finding, find

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["enter", "is_active", "look", "refuse"]


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
