"""The table of the gate: each variable, or family of variables, that can redirect a Python.

It is the only one. `findings` reads it for Python, the activation scripts and the standalone
scripts are generated from it, `children` takes out of a child's variables what it names, and
docs/reference/environment-variables.md is compared with it.

*Active* is what redirects the environment's own programs (python, pip, conda, mamba) or says that
another environment is in use: nothing is entered then. *Present* is what other tools have left. Most
machines have some, so it is a warning, and nothing in the environment sees it: `run` and `shell` take
out all of it (`children.without_dirt`), the activation scripts what `gatelines` makes of this table,
until `deactivate`.
"""

from __future__ import annotations

import os

from sealenv.activation.oldrule import ACTIVE, FUNCTION, NEW_WINDOW, PRESENT, Rule

__all__ = [
    "ANCESTOR",
    "HONOURED",
    "LEFT_BY_OURS",
    "ON_PATH",
    "PROGRAMS",
    "RULES",
    "SHADOW",
    "rule_of",
    "spelled",
]

PROGRAMS = ("python", "python3", "pip", "pip3", "conda", "mamba", "micromamba")
"""The environment's own programs: a function or an alias of such a name comes before PATH."""

HONOURED = (
    ("CONDA_CHANGEPS1", "whether the prompt shows the environment, as conda reads it"),
    ("CONDA_PKGS_DIRS", "the package cache, as conda and mamba read it"),
    ("PY_ENVS", "where environments are, the older name"),
    ("SEALENV_*", "our own settings; not SEALENV_PREFIX, which says what is active"),
)
"""Settings that are obeyed and never count as dirt: (name or NAME*, what it is)."""

_IN_BASH = {"sh": "unset -f {}", "": "unset -f {} in the bash that exported it"}
_IN_BASH["cmd"] = _IN_BASH[""]
_LEAVE_CONDA = {"": "deactivate (or: conda deactivate)", "cmd": NEW_WINDOW}
_CONDA_AGAIN = {"": "deactivate (or: conda deactivate) until it is 0", "cmd": NEW_WINDOW}
_LEAVE = {"": "deactivate", "cmd": NEW_WINDOW}
_OUT = {"": "leave that shell: exit", "cmd": NEW_WINDOW}
_NO = ("0", "false", "no", "off", "n", "f")
_ELSEWHERE = "what pip installs does not land in the environment"


# What decides which packages come from where, and where they go: conda/base/context.py of conda
# (names and aliases of the parameters) and libmamba/src/api/configuration.cpp of mamba.
_OF_CONDA = """
    BAT EXE PYTHON_EXE ROOT PREFIX_1 PREFIX_2
    CHANNEL CHANNELS CHANNEL_ALIAS CHANNEL_PRIORITY CHANNEL_SETTINGS CUSTOM_CHANNELS
    CUSTOM_MULTICHANNELS DEFAULT_CHANNELS MIGRATED_CHANNEL_ALIASES MIGRATED_CUSTOM_CHANNELS
    ALLOWLIST_CHANNELS WHITELIST_CHANNELS DENYLIST_CHANNELS ALLOW_NON_CHANNEL_URLS
    OVERRIDE_CHANNELS_ENABLED USE_LOCAL REPODATA_FNS USE_ONLY_TAR_BZ2 OFFLINE USE_INDEX_CACHE
    SUBDIR SUBDIRS ENVS_DIRS ENVS_PATH ROOT_PREFIX ROOT_DIR TARGET_PREFIX_OVERRIDE REGISTER_ENVS
    DEFAULT_ACTIVATION_ENV CREATE_DEFAULT_PACKAGES PINNED_PACKAGES DISALLOWED_PACKAGES DISALLOW
    TRACK_FEATURES AGGRESSIVE_UPDATE_PACKAGES DEFAULT_PYTHON ADD_PIP_AS_PYTHON_DEPENDENCY
    AUTO_UPDATE_CONDA SELF_UPDATE EXCLUDE_NEWER COOLDOWN SOLVER EXPERIMENTAL_SOLVER SAT_SOLVER
    DEPS_MODIFIER UPDATE_MODIFIER VIRTUAL_PACKAGES OVERRIDE_VIRTUAL_PACKAGES NO_PLUGINS
    ALLOW_SOFTLINKS ALWAYS_SOFTLINK SOFTLINK ALWAYS_COPY COPY CLOBBER FORCE FORCE_REMOVE
    FORCE_REINSTALL DRY_RUN DOWNLOAD_ONLY PIP_INTEROP_ENABLED PREFIX_DATA_INTEROPERABILITY
"""
_OF_MAMBA = """
    EXE TARGET_PREFIX RELOCATE_PREFIX PLATFORM CHANNELS CHANNEL_ALIAS CHANNEL_PRIORITY
    DEFAULT_CHANNELS CUSTOM_CHANNELS MIRRORED_CHANNELS OVERRIDE_CHANNELS_ENABLED OFFLINE
    PINNED_PACKAGES NO_PIN NO_PY_PIN ADD_PIP_AS_PYTHON_DEPENDENCY PREFIX_DATA_INTEROPERABILITY
    ALLOW_UNINSTALL ALLOW_DOWNGRADE ALLOW_SOFTLINKS ALWAYS_COPY ALWAYS_SOFTLINK USE_UV DRY_RUN
    DOWNLOAD_ONLY SKIP_RUN_LINK_SCRIPTS
"""


def _source_folder(name: str) -> Rule:
    return Rule(
        name,
        PRESENT,
        "pip puts the sources of editable installs there",
        "the environment would depend on a folder outside of it",
    )


def _function(name: str) -> Rule:
    return Rule(
        f"{FUNCTION}{name}*",
        ACTIVE,
        f"a bash has exported a function {name}, or one with a version in its name",
        "every bash runs it instead of the environment's own program",
        clear=_IN_BASH,
        of_versions=True,
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
        leads_out=False,
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
    Rule(
        "PYTHONPLATLIBDIR",
        ACTIVE,
        "every Python is told another name for its folder lib",
        "it does not find its standard library there, and ends at once",
    ),
    Rule(
        "PYTHONEXECUTABLE",
        ACTIVE,
        "a Python is told that it is that program",
        "it takes another prefix, and modules that are not its own",
    ),
    Rule(
        "__PYVENV_LAUNCHER__",
        ACTIVE,
        "a Python was told what it is called, and has handed it on",
        "a Python started from here takes itself for that one, with its prefix and modules",
    ),
    Rule("PIP_TARGET", ACTIVE, "pip is told to install into that folder", _ELSEWHERE),
    Rule("PIP_PREFIX", ACTIVE, "pip is told to install below that folder", _ELSEWHERE),
    Rule("PIP_ROOT", ACTIVE, "pip is told to install below another root", _ELSEWHERE),
    Rule("PIP_USER", ACTIVE, "pip is told to install for the user", _ELSEWHERE, harmless=_NO),
    Rule("PIP_PYTHON", ACTIVE, "pip is told to work on another Python", _ELSEWHERE),
    *(_function(name) for name in ("python", "pip", "conda", "mamba", "micromamba")),
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
        "its channels and folders count for every conda here; an activation replaces it",
    ),
    Rule(
        "MAMBARC",
        PRESENT,
        "mamba reads its settings from that file",
        "its channels and folders count for every mamba here; an activation replaces it",
    ),
    Rule(
        "CONDA_OVERRIDE_*",
        PRESENT,
        "conda is told of a system or driver that may not be there",
        "it would choose packages that do not run on this machine",
        members="ARCHSPEC CUDA GLIBC LINUX OSX UNIX WIN",
    ),
    Rule(
        "CONDA_*",
        PRESENT,
        "conda, or its init, has left it",
        "conda inside would take a setting, or a program, from outside: variables beat its files",
        members=_OF_CONDA,
    ),
    Rule(
        "_CONDA_*",
        PRESENT,
        "conda's hook has left it",
        "what reads it would start a conda from outside",
        members="EXE ROOT",
    ),
    Rule(
        "MAMBA_*",
        PRESENT,
        "mamba, or its init, has left it",
        "mamba inside would take a setting, or a root, from outside: variables beat its files",
        members=_OF_MAMBA,
    ),
    Rule(
        "_CE_*",
        PRESENT,
        "conda's hook has left it",
        "conda inside would be started in another way than its own",
        members="CONDA M",
    ),
    Rule(
        "PIXI_*",
        PRESENT,
        "a setting or a leftover of pixi",
        "pixi inside would work on another project or folder",
        members="CACHE_DIR CONFIG_FILE ENVIRONMENT_NAME EXE HOME PROJECT_MANIFEST PROJECT_ROOT",
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
        members="DIR ROOT SHELL VERSION VIRTUAL_ENV",
    ),
    Rule(
        f"{FUNCTION}*",
        PRESENT,
        "a bash has exported a function",
        "every bash, such as one that runs a package's script, runs it instead of a program",
        clear=_IN_BASH,
    ),
    Rule(
        "BASH_ENV",
        PRESENT,
        "every bash that runs a script reads that file first",
        "what it sets or defines comes after the activation, and before the environment's programs",
    ),
    Rule(
        "ENV",
        PRESENT,
        "an interactive sh reads that file first; a value without a path is another program's",
        "what it sets or defines comes after the activation, and before the environment's programs",
        is_path=True,
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
    leads_out=False,
)
"""A process above this one; see `ancestry`."""

LEFT_BY_OURS = "an activation of a sealed environment has set it"
"""What CONDARC or MAMBARC means that names the `.condarc` of one."""

SHADOW = Rule(
    "function",
    ACTIVE,
    "a function or an alias of this shell hides the program of the environment",
    "it runs what it was made for, such as the conda of another installation, on this environment",
    clear={
        "sh": "unset -f {0}, or: unalias {0}",
        "fish": "functions -e {0}",
        "csh": "unalias {0}",
        "xsh": "del aliases['{0}']",
        "nu": "hide {0}",
        "ps1": "Remove-Item function:{0}, or alias:{0}",
        "cmd": "doskey {0}=",
    },
)
"""One of `PROGRAMS` that is none; only the shell itself knows it, so that its script asks."""

_EXACT = {rule.name: rule for rule in RULES if not rule.is_family}
_FAMILIES = [
    (rule.name[:-1].upper() if os.name == "nt" else rule.name[:-1], rule)
    for rule in RULES
    if rule.is_family
]
_HONOURED = {name for name, _ in HONOURED}


def rule_of(name: str) -> Rule | None:
    """The rule that a variable falls under, if there is one."""
    name = spelled(name)
    if name in _EXACT:
        return _EXACT[name]
    if name not in _HONOURED:
        for start, rule in _FAMILIES:
            if name.startswith(start) and rule.covers(name[len(start) :]):
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
