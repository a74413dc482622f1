"""The table of the gate: each variable, or family of variables, that can redirect a Python.

It is the only one. `findings` reads it for Python, the activation scripts and the standalone
scripts are generated from it, `children` takes out of a child's variables what it names, and
docs/reference/environment-variables.md is compared with it.

*Active* is what redirects the environment's own programs (python, pip, conda, mamba) or says that
another environment is in use: nothing is entered then. *Present* is what other tools have left, and
what the activation itself neutralises: a warning, since most machines have some.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ACTIVE",
    "ANCESTOR",
    "HONOURED",
    "ON_PATH",
    "PRESENT",
    "RULES",
    "SHELL",
    "Rule",
    "rule_of",
    "spelled",
]

ACTIVE = "active"
PRESENT = "present"

SHELL = "cmd" if os.name == "nt" else "sh"
"""Whose words are shown to the user of this system."""

HONOURED = (
    ("CONDA_CHANGEPS1", "whether the prompt shows the environment, as conda reads it"),
    ("CONDA_PKGS_DIRS", "the package cache, as conda and mamba read it"),
    ("PY_ENVS", "where environments are, the older name"),
    ("SEALENV_*", "our own settings; not SEALENV_PREFIX, which says what is active"),
)
"""Settings that are obeyed and never count as dirt: (name or NAME*, what it is)."""

_UNSET = {
    "sh": "unset {}",
    "fish": "set -e {}",
    "csh": "unsetenv {}",
    "xsh": "del ${}",
    "nu": "hide-env {}",
    "cmd": "set {}=",
    "ps1": "Remove-Item Env:{}",
}
_NEW_WINDOW = "close this window and open a new one"
"""In cmd.exe an activation ends with its window: conda's deactivate would leave ours behind."""


class Rule:
    """A variable, or a family of them, that can redirect which Python or environment is used."""

    __slots__ = ("_clear", "harmless", "level", "name", "taken_out", "what", "why")

    def __init__(
        self,
        name: str,
        level: str,
        what: str,
        why: str,
        *,
        harmless: tuple[str, ...] = (),
        clear: Mapping[str, str] | None = None,
        taken_out: bool = True,
    ) -> None:
        self.name = name
        """Its name; `CONDA_*` is each variable that begins so and has no rule of its own."""
        self.level = level
        self.what = what
        self.why = why
        self.harmless = harmless
        """Values besides the empty one that mean nothing, in lower case."""
        self.taken_out = taken_out
        """Whether children that sealenv starts for itself never see it."""
        self._clear = clear or {}

    @property
    def is_family(self) -> bool:
        """Whether it stands for each variable that begins like its name."""
        return self.name.endswith("*")

    def applies_to(self, value: str) -> bool:
        """Whether the value means something."""
        return bool(value) and value.lower() not in self.harmless

    def clear_in(self, shell: str, name: str | None = None) -> str:
        """How to clear it in `sh`, `fish`, `csh`, `xsh`, `nu`, `cmd` or `ps1`."""
        text = self._clear.get(shell) or self._clear.get("" if shell != "cmd" else "cmd")
        return text or _UNSET[shell].format(name or self.name)


_LEAVE_CONDA = {"": "deactivate (or: conda deactivate)", "cmd": _NEW_WINDOW}
_CONDA_AGAIN = {"": "deactivate (or: conda deactivate) until it is 0", "cmd": _NEW_WINDOW}
_LEAVE = {"": "deactivate", "cmd": _NEW_WINDOW}
_OUT = {"": "leave that shell: exit", "cmd": _NEW_WINDOW}
_NO = ("0", "false", "no", "off", "n", "f")
_ELSEWHERE = "what pip installs does not land in the environment"


def _source_folder(name: str) -> Rule:
    return Rule(
        name,
        PRESENT,
        "pip puts the sources of editable installs there",
        "the environment would depend on a folder outside of it",
    )


RULES = (
    Rule(
        "CONDA_PREFIX",
        ACTIVE,
        "a conda environment is active here",
        "conda and mamba install into it, and compilers and programs take files from it",
        clear=_LEAVE_CONDA,
    ),
    Rule(
        "CONDA_SHLVL",
        ACTIVE,
        "conda counts at least one environment as active here",
        "conda would stack the next activation on it, and undo the wrong one later",
        harmless=("0",),
        clear=_CONDA_AGAIN,
    ),
    Rule(
        "SEALENV_PREFIX",
        ACTIVE,
        "a sealed environment is active here",
        "one shell belongs to one environment: what runs here may still use files of that one",
        clear=_LEAVE,
    ),
    Rule(
        "PIXI_IN_SHELL",
        ACTIVE,
        "a pixi shell is active here",
        "its environment comes first on PATH, and pixi works on its project",
        harmless=("0",),
        clear=_OUT,
    ),
    Rule(
        "VIRTUAL_ENV",
        ACTIVE,
        "a Python virtual environment is active here",
        "its python comes first on PATH, and pip and uv install into it",
        clear=_LEAVE,
    ),
    Rule(
        "PYTHONHOME",
        ACTIVE,
        "every Python is told to take its standard library from there",
        "the Python of another version or environment fails, or loads modules that are not its own",
    ),
    Rule(
        "PYTHONPATH",
        ACTIVE,
        "every Python is told to import from there first",
        "modules from outside shadow those of the environment",
    ),
    Rule("PIP_TARGET", ACTIVE, "pip is told to install into that folder", _ELSEWHERE),
    Rule("PIP_PREFIX", ACTIVE, "pip is told to install below that folder", _ELSEWHERE),
    Rule("PIP_ROOT", ACTIVE, "pip is told to install below another root", _ELSEWHERE),
    Rule("PIP_USER", ACTIVE, "pip is told to install for the user", _ELSEWHERE, harmless=_NO),
    Rule("PIP_PYTHON", ACTIVE, "pip is told to work on another Python", _ELSEWHERE),
    Rule(
        "PYTHONSTARTUP",
        PRESENT,
        "an interactive Python runs this file first",
        "it may import or change what the environment's own Python shall decide",
    ),
    Rule(
        "PYTHONUSERBASE",
        PRESENT,
        "packages of the user are looked for there",
        "inside an environment the user's packages are switched off; other Pythons load them",
    ),
    Rule(
        "PIP_CONFIG_FILE",
        PRESENT,
        "pip reads its settings from that file",
        "they may send installs elsewhere; an activation has pip read no such file",
    ),
    *map(_source_folder, ("PIP_SRC", "PIP_SOURCE", "PIP_SOURCE_DIR", "PIP_SOURCE_DIRECTORY")),
    Rule(
        "CONDARC",
        PRESENT,
        "conda and mamba read their settings from that file",
        "its channels and folders are not those of the environment; an activation replaces it",
    ),
    Rule(
        "MAMBARC",
        PRESENT,
        "mamba reads its settings from that file",
        "its channels and folders are not those of the environment; an activation takes it out",
    ),
    Rule(
        "CONDA_OVERRIDE_*",
        PRESENT,
        "conda is told of a system or driver that may not be there",
        "it would choose packages that do not run on this machine",
    ),
    Rule(
        "CONDA_*",
        PRESENT,
        "conda, or its init, has left it",
        "conda inside would take a setting, or a program, from outside",
    ),
    Rule(
        "MAMBA_*",
        PRESENT,
        "mamba, or its init, has left it",
        "mamba inside would take a setting, or a root, from outside",
    ),
    Rule(
        "_CE_*",
        PRESENT,
        "conda's hook has left it",
        "conda inside would be started in another way than its own",
    ),
    Rule(
        "PIXI_*",
        PRESENT,
        "a setting or a leftover of pixi",
        "pixi inside would work on another project or folder",
    ),
    *(
        Rule(name, PRESENT, what, "what uv installs does not land in the environment")
        for name, what in (
            ("UV_PROJECT_ENVIRONMENT", "uv is told which environment to change"),
            ("UV_PYTHON", "uv is told which Python to use"),
            ("UV_SYSTEM_PYTHON", "uv is told to change the system's Python"),
            ("UV_TARGET", "uv is told to install into that folder"),
            ("UV_PREFIX", "uv is told to install below that folder"),
            ("UV_TOOL_DIR", "uv is told where its tools live"),
            ("UV_TOOL_BIN_DIR", "uv is told where the commands of its tools go"),
            ("UV_PYTHON_INSTALL_DIR", "uv is told where its Pythons live"),
        )
    ),
    Rule(
        "PYENV_*",
        PRESENT,
        "pyenv, or its hook in a profile, has left it",
        "its stand-ins for python choose a version by folder and variable",
    ),
    Rule(
        "__PYVENV_LAUNCHER__",
        PRESENT,
        "a Python on macOS was told what it is called",
        "a Python started from here may take itself for that one",
    ),
)
"""In the order in which findings are shown."""

ON_PATH = Rule(
    "PATH",
    PRESENT,
    "another Python lies on PATH",
    "behind the environment's own folders it is not used, but by its other names it is",
    clear={
        "": "take the folder out of PATH, or start with --clean",
        "cmd": "take the folder out of PATH, or start with --clean",
    },
)
"""A folder on PATH; `findings` says whose python is in it."""

ANCESTOR = Rule(
    "ancestor",
    ACTIVE,
    "a process above this one belongs to an environment",
    "what is started from inside an environment stays in its process tree, whatever its variables say",
    clear={
        "": "open a new terminal from outside of that environment",
        "cmd": "open a new window from outside of that environment",
    },
)
"""A process above this one; see `ancestry`."""

_EXACT = {rule.name: rule for rule in RULES if not rule.is_family}
_FAMILIES = [(rule.name[:-1], rule) for rule in RULES if rule.is_family]
_HONOURED = {name for name, _ in HONOURED}


def rule_of(name: str) -> Rule | None:
    """The rule that a variable falls under, if there is one."""
    name = spelled(name)
    if name in _EXACT:
        return _EXACT[name]
    if name not in _HONOURED:
        for start, rule in _FAMILIES:
            if name.startswith(start):
                return rule
    return None


def spelled(name: str) -> str:
    """The name in one spelling: Windows ignores case, and pip more than that.

    pip takes what follows `PIP_` in any case, `-` for `_`, and two leading ones (`PIP___TARGET`):
    pip/_internal/configuration.py, get_environ_vars and _normalize_name.
    """
    if os.name == "nt":
        name = name.upper()
    if not name.startswith("PIP_"):
        return name
    option = name[4:].lower().replace("_", "-")
    option = option[2:] if option.startswith("--") else option
    return "PIP_" + option.upper().replace("-", "_")
