"""The table of the gate: each variable that activates another environment or redirects Python.

It is the only one: `findings` reads it, the activation and bootstrap scripts are generated from it,
`children` removes these variables from what sealenv starts, and
docs/reference/environment-variables.md is compared with it.
"""

from __future__ import annotations

import os

from sealenv.gates.rule import NEW_WINDOW, Rule

__all__ = ["HONOURED", "ON_PATH", "PROGRAMS", "RULES", "rule_of"]

PROGRAMS = ("python", "python3", "pip", "pip3", "conda", "mamba", "micromamba")
"""The environment's own programs. The doctor reports functions and aliases with these names."""

HONOURED = (
    ("CONDA_CHANGEPS1", "whether the prompt shows the environment, as in conda"),
    ("CONDA_PKGS_DIRS", "the package cache, as in conda and mamba"),
    ("PY_ENVS", "the folder of environments, the older name"),
    ("SEALENV_*", "sealenv's own settings, except SEALENV_PREFIX"),
)
"""Settings that `--clean` keeps: (NAME or NAME*, what it is)."""

_LEAVE_CONDA = {"": "deactivate (or: conda deactivate)", "cmd": NEW_WINDOW}
_LEAVE = {"": "deactivate", "cmd": NEW_WINDOW}
_OFF_PATH = "take the folder out of PATH"
_ELSEWHERE = "pip does not install into the environment"

RULES = (
    Rule(
        "CONDA_PREFIX",
        "a conda environment is active here",
        "conda and mamba install into it, and compilers take files from it",
        clear=_LEAVE_CONDA,
    ),
    Rule(
        "CONDA_SHLVL",
        "conda counts at least one active environment here",
        "conda would stack the next activation on it, and later undo the wrong one",
        harmless=("0",),
        clear=_LEAVE_CONDA,
    ),
    Rule(
        "SEALENV_PREFIX",
        "a sealed environment is active here",
        "one shell belongs to one environment",
        clear=_LEAVE,
    ),
    Rule(
        "VIRTUAL_ENV",
        "a Python virtual environment is active here",
        "its python comes first on PATH, and pip and uv install into it",
        clear=_LEAVE,
    ),
    Rule(
        "PYTHONHOME",
        "every Python takes its standard library from there",
        "a Python of another version fails or loads wrong modules",
    ),
    Rule(
        "PYTHONPATH",
        "every Python imports from there first",
        "modules from outside replace those of the environment",
    ),
    Rule("PIP_TARGET", "pip installs into that folder", _ELSEWHERE),
    Rule("PIP_PREFIX", "pip installs below that folder", _ELSEWHERE),
    Rule(
        "PIP_USER",
        "pip installs for the user",
        _ELSEWHERE,
        harmless=("0", "false", "no", "off"),
    ),
)
"""In the order in which findings are shown."""

ON_PATH = Rule(
    "PATH",
    "a folder on PATH belongs to another environment",
    "its programs run where the environment has none of that name",
    clear={"": _OFF_PATH, "cmd": _OFF_PATH},
)
"""One folder on PATH, see `path`."""

_BY_NAME = {rule.name: rule for rule in RULES}


def rule_of(name: str) -> Rule | None:
    """Return the rule of a variable, if it has one. Windows ignores the case of names."""
    return _BY_NAME.get(name.upper() if os.name == "nt" else name)
