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

    Where it is active already its variables stay as they are, unless Python is redirected.

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
    active = is_active(environ, prefix)
    if active:
        found = [finding for finding in found if finding.name not in _OF_ACTIVE]
    if found:
        raise refuse(found, without_path=not active and _is_named(environ, prefix))
    return environ if active else without_dirt(environ)


_OF_ACTIVE = ("CONDA_PREFIX", "CONDA_SHLVL", "SEALENV_PREFIX", "PATH")
"""What an activation itself sets; its own programs come first on PATH."""


def is_active(environ: Mapping[str, str], prefix: str) -> bool:
    """Return whether the environment is the active one, and PATH begins with its programs."""
    first = environ.get("PATH", "").split(os.pathsep)[0].strip('"')
    return _is_named(environ, prefix) and any(
        _same(first, os.path.join(prefix, folder)) for folder in _FIRST
    )


_FIRST = ("condabin", "") if os.name == "nt" else ("bin",)
"""What an activation by us, conda or mamba puts first on PATH."""


def _is_named(environ: Mapping[str, str], prefix: str) -> bool:
    ours = environ.get("SEALENV_PREFIX")
    return _same(environ.get("CONDA_PREFIX", ""), prefix) and (not ours or _same(ours, prefix))


def _same(one: str, other: str) -> bool:
    return bool(one) and _real(one) == _real(other)


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))


def refuse(found: Sequence[Finding], *, without_path: bool = False) -> Exception:
    """Return the refusal, with everything that was found.

    Args:
        found: the findings.
        without_path: the environment is the active one, but PATH does not begin with its programs.
    """
    from sealenv.errors import DirtyShellError

    details = [str(finding) for finding in found]
    if without_path:
        details.append("this environment is active, but PATH does not begin with its programs")
    return DirtyShellError(
        "this shell is not clean",
        details=details,
        hint="open a clean shell, or start from a clean environment with --clean",
    )
