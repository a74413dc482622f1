"""What children see: without the environment that sealenv itself runs from, and without dirt."""

from __future__ import annotations

import os
import sys

from sealenv.gates.path import environment_of
from sealenv.gates.rules import rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["scrub", "without_dirt"]


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
    if _same_as_any(result.get("VIRTUAL_ENV", ""), own):
        for name in _VENV_VARIABLES:
            result.pop(name, None)
    if _same_as_any(result.get("CONDA_PREFIX", ""), own):
        for name in [n for n in result if n in _CONDA_VARIABLES or n.startswith(_CONDA_STACK)]:
            del result[name]
    gone = [os.path.join(p, part) for p in own if environment_of(p) is not None for part in _BIN]
    if gone and "PATH" in result:
        entries = result["PATH"].split(os.pathsep)
        result["PATH"] = os.pathsep.join(e for e in entries if not _same_as_any(e, gone))
    return result


_BIN = ("Scripts", "Library\\bin", "") if os.name == "nt" else ("bin",)


def _same_as_any(path: str, others: Iterable[str]) -> bool:
    return any(_same(path, other) for other in others)


def _same(one: str, other: str) -> bool:
    if not one or not other:
        return False
    if os.path.normcase(one) == os.path.normcase(other):
        return True
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):
        return False
