"""The gate: is an environment active in this process's environment variables?

One environment per shell (design invariant 4). `ACTIVE_VARIABLES` is the only list: the activation
scripts get their gate from it, `find_active` is the same rule for Python. Imports nothing but os
and sys, because `sealenv run` passes through here before anything else.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "ACTIVE_VARIABLES",
    "ActiveVariable",
    "Finding",
    "find_active",
    "scrub",
]


_SHELL = "cmd" if os.name == "nt" else "sh"
"""Whose words are shown to the user of this system."""


class ActiveVariable:
    """A variable that, when it is set, redirects which Python or which environment is used."""

    __slots__ = ("clear", "harmless", "name", "what", "why")

    def __init__(self, name: str, harmless: str, what: str, why: str, clear: str) -> None:
        self.name = name
        self.harmless = harmless
        """A value besides the empty one that means nothing is active."""
        self.what = what
        self.why = why
        self.clear = clear
        """How, in a POSIX shell."""

    def clear_in(self, shell: str) -> str:
        """How to clear it in `sh`, `cmd` or `ps1`.

        In cmd.exe an activation ends with its window: conda's deactivate would leave ours behind.
        """
        if self.clear == f"unset {self.name}":
            words = {"cmd": f"set {self.name}=", "ps1": f"Remove-Item Env:{self.name}"}
            return words.get(shell, self.clear)
        return "close this window and open a new one" if shell == "cmd" else self.clear


ACTIVE_VARIABLES = (
    ActiveVariable(
        "CONDA_PREFIX",
        "",
        "a conda environment is active here",
        "conda and mamba install into it, and compilers and programs take files from it",
        "deactivate (or: conda deactivate)",
    ),
    ActiveVariable(
        "CONDA_SHLVL",
        "0",
        "conda counts at least one environment as active here",
        "conda would stack the next activation on it, and undo the wrong one later",
        "deactivate (or: conda deactivate) until it is 0",
    ),
    ActiveVariable(
        "VIRTUAL_ENV",
        "",
        "a Python virtual environment is active here",
        "its python comes first on PATH, and pip and uv install into it",
        "deactivate",
    ),
    ActiveVariable(
        "PYTHONHOME",
        "",
        "every Python is told to take its standard library from there",
        "the Python of another version or environment fails, or loads modules that are not its own",
        "unset PYTHONHOME",
    ),
    ActiveVariable(
        "PYTHONPATH",
        "",
        "every Python is told to import from there first",
        "modules from outside shadow those of the environment",
        "unset PYTHONPATH",
    ),
)
"""What makes a shell dirty. CONDA_SHLVL=0 is what conda's hook leaves in a clean shell."""


class Finding:
    """One dirty variable: which, its value, and what to do about it."""

    __slots__ = ("value", "variable")

    def __init__(self, variable: ActiveVariable, value: str) -> None:
        self.variable = variable
        self.value = value

    @property
    def name(self) -> str:
        """The variable's name."""
        return self.variable.name

    def __str__(self) -> str:
        found = self.variable
        return f"{found.name}={self.value}: {found.what}; to clear it: {found.clear_in(_SHELL)}"

    def __repr__(self) -> str:
        return f"Finding({self.name!r}, {self.value!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        return (self.name, self.value) == (other.name, other.value)

    def __hash__(self) -> int:
        return hash((self.name, self.value))

    def to_json(self) -> dict[str, str]:
        """The finding as a JSON-ready mapping."""
        found = self.variable
        return {
            "name": found.name,
            "value": self.value,
            "what": found.what,
            "why": found.why,
            "clear": found.clear_in(_SHELL),
        }


def find_active(environ: Mapping[str, str]) -> list[Finding]:
    """Return what makes `environ` dirty, in the order of `ACTIVE_VARIABLES`."""
    found = []
    for variable in ACTIVE_VARIABLES:
        value = environ.get(variable.name, "")
        if value not in ("", variable.harmless):
            found.append(Finding(variable, value))
    return found


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
