"""What children see: without the environment that sealenv itself runs from, and without dirt."""

from __future__ import annotations

import os
import sys

from sealenv.gates.rules import rule_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["scrub", "without_dirt"]


def without_dirt(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without every variable of the table, whatever its value.

    For processes that sealenv starts for itself, and for what it enters an environment with. Settings
    that are honoured stay.
    """
    result = {}
    for name, value in environ.items():
        rule = rule_of(name)
        if rule is None or not rule.taken_out or (rule.is_path and not rule.applies_to(value)):
            result[name] = value
    return result


_VENV_VARIABLES = ("VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT")
_CONDA_VARIABLES = ("CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV", "CONDA_PROMPT_MODIFIER")
_CONDA_STACK = ("CONDA_PREFIX_", "CONDA_STACKED_")


def scrub(
    environ: Mapping[str, str],
    own_prefix: str | None = None,
    own_exec_prefix: str | None = None,
) -> dict[str, str]:
    """Return `environ` without the activation of the environment that sealenv itself runs from.

    A pipx or `uv run` virtual environment, or a conda environment that somebody put sealenv in, is
    not dirt (design: gate); its variables and its bin folder on PATH are taken out for what we
    start. An environment of ours (SEALENV_PREFIX is set) is never taken out: there the user is.

    Args:
        environ: the environment variables to start from; not changed.
        own_prefix: where sealenv runs from; `sys.prefix` unless a test says otherwise.
        own_exec_prefix: likewise `sys.exec_prefix`.
    """
    own = [own_prefix or sys.prefix, own_exec_prefix or sys.exec_prefix]
    result = dict(environ)
    left: list[str] = []
    venv = result.get("VIRTUAL_ENV", "")
    if venv and _same_as_any(venv, own):
        left.append(venv)
        for name in _VENV_VARIABLES:
            result.pop(name, None)
    conda = result.get("CONDA_PREFIX", "")
    if conda and not result.get("SEALENV_PREFIX") and _same_as_any(conda, own):
        left.append(conda)
        for name in [n for n in result if n in _CONDA_VARIABLES or n.startswith(_CONDA_STACK)]:
            del result[name]
    launcher = result.get("__PYVENV_LAUNCHER__", "")
    # Our own Python may have handed it on (a framework of macOS before 3.7.8 and 3.8.3: bpo-22490).
    home = os.path.dirname(os.path.dirname(launcher))
    if launcher and _same_as_any(home, [*own, sys.base_prefix]):
        del result["__PYVENV_LAUNCHER__"]
    if left and "PATH" in result:
        gone = [os.path.join(prefix, part) for prefix in left for part in _BIN]
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
