"""The current shell, the start-up files of every new one, and the folder for environments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from sealenv.checks import profiles
from sealenv.checks.check import SEVERITIES, Check, Cut, Finding, Severity, check
from sealenv.checks.computer import Computer
from sealenv.checks.profiles import Block, Profile, loads
from sealenv.gates.admission import Finding as Dirt
from sealenv.gates.admission import find, look

_SHOWN = 5
"""Lines of a block that are shown."""


@check(
    "shell",
    "variables of the current shell, and folders on its PATH, of another environment",
    "activation, `run` and `shell` refuse this shell",
)
def _current_shell(computer: Computer) -> Iterator[Finding]:
    dirty = look(computer.environ)
    for found in dirty:
        yield Finding("error", found.what, _setting(found), found.clear, why=found.why)
    known = {_setting(found) for found in dirty}
    for found in find(computer.environ, own=True):
        if _setting(found) not in known:
            what = f"{found.what}, the one that sealenv runs from"
            why = "activation scripts refuse this shell; `run` and `shell` do not"
            yield Finding("warning", what, _setting(found), found.clear, why=why)


def _setting(found: Dirt) -> str:
    return f"{found.name}={found.value}"


@check(
    "conda-init",
    "managed blocks of `conda init`, `mamba shell init` and `micromamba shell init` in start-up "
    "files",
    "every new shell has conda's functions, and often its base environment active: another Python "
    "comes first",
    fix="the block is removed",
)
def _conda_init(computer: Computer) -> Iterator[Finding]:
    for profile in computer.profiles:
        yield from (_block(profile, block) for block in profile.blocks if block.active)


def _block(profile: Profile, block: Block) -> Finding:
    where = f"{profile.path}:{profile.line_of(block.start)}"
    lines = profile.text[block.start : block.end].splitlines()
    shown = tuple(line.strip() for line in lines[:_SHOWN])
    if len(lines) > _SHOWN:
        shown += (f"... and {len(lines) - _SHOWN} more lines",)
    if not block.whole:
        what = f"a block of {block.tool} init without its last line"
        return Finding("warning", what, where, "remove it by hand: its end is not marked", shown)
    what = f"a block of {block.tool} init for {profile.shell} loads its functions in every shell"
    if block.tool == "conda":
        what += ", and activates base unless auto_activate_base is false"
    if block.nested:
        how = "remove it by hand: it is part of another command"
        return Finding("error", what, where, how, shown)
    start, end = profile.bytes_before(block.start), profile.bytes_before(block.end)
    cut = Cut(profile.path, profile.data, start, end)
    return Finding("error", what, where, "the block is removed", shown, (cut,))


_Found = Iterable[tuple[Severity, str]]
"""What is found in a command: (severity, half a sentence)."""


def _lines(
    name: str,
    title: str,
    why: str,
    how: str,
    *,
    find: Callable[[str], _Found],
) -> Check:
    """Return a check of the lines of start-up files.

    An indented line may run only under a condition, so it is at most a warning.
    """

    def look(computer: Computer) -> Iterator[Finding]:
        for profile in computer.profiles:
            for number, line, command in profile.commands:
                found = sorted(find(command), key=lambda one: SEVERITIES.index(one[0]))
                if found:
                    severity, what = found[0]
                    if severity == "error" and line[:1].isspace():
                        severity = "warning"
                    where = f"{profile.path}:{number}"
                    yield Finding(severity, what, where, how, (line.strip(),))

    return Check(name, title, why, look)


def _variables(command: str) -> _Found:
    for name, value in profiles.assigned(command):
        if profiles.variable_matters(name, value):
            yield "error", f"sets {name} to {value}"


_VERSION_MANAGERS = {
    "pyenv": r"\bpyenv{exe}\s+(?:virtualenv-)?init\b",
    "asdf": r"\basdf\.(?:sh|fish|nu|ps1)\b",
    "mise": r"\bmise{exe}\s+(?:activate|hook-env)\b",
    "pixi": r"\bpixi{exe}\s+shell-hook\b",
    "virtualenvwrapper": r"\bvirtualenvwrapper(?:_lazy)?\.sh\b",
}
"""Tool -> how a line loads it."""

_conda_hook = _lines(
    "conda-hook",
    "other lines that load the shell hook of conda or mamba",
    "every new shell has conda's functions, and often its base environment active",
    "remove the line, or move it into a function that you call",
    find=lambda command: (
        [("error", "loads the shell hook of conda or mamba")]
        if loads(command, profiles.CONDA_HOOK)
        else []
    ),
)
_profile_activate = _lines(
    "profile-activate",
    "lines in start-up files that activate an environment",
    "an environment is active in every new shell: activation, `run` and `shell` refuse",
    "remove the line, and activate the environment when needed",
    find=lambda command: [
        ("error", f"activates the environment {name}") for name in profiles.activated(command)
    ],
)
_profile_variable = _lines(
    "profile-variable",
    "variables that the gate refuses and that start-up files set",
    "activation, `run` and `shell` refuse every new shell",
    "remove the setting (in fish: set -Ue NAME), or set the variable for one command only",
    find=_variables,
)
_profile_path = _lines(
    "profile-path",
    "lines in start-up files that put another Python on PATH",
    "the Python of another environment runs if no environment is active",
    "remove the folder from the line",
    find=lambda command: [
        ("warning", f"puts {folder} on PATH") for folder in profiles.environments_on_path(command)
    ],
)
_version_manager = _lines(
    "version-manager",
    "pyenv, asdf, mise, pixi or virtualenvwrapper in start-up files",
    "their shims come before the programs of the system, and choose a version by the folder",
    "remove the line, or load the tool only when you need it",
    find=lambda command: [
        ("warning", f"loads {tool}")
        for tool, form in _VERSION_MANAGERS.items()
        if loads(command, form)
    ],
)


_SYNCED = re.compile(
    r"onedrive(?: - .*)?|dropbox(?: .*)?|google ?drive|my drive|icloud ?drive|mobile documents|nextcloud"
    r"|owncloud",
    re.IGNORECASE,
)


@check(
    "target-synced",
    "a folder for environments that OneDrive, Dropbox or similar synchronises",
    "files are locked while they are uploaded, removed to save space, and changed from outside",
)
def _target_synced(computer: Computer) -> Iterator[Finding]:
    target = computer.target
    synced = next((p for p in (target, *target.parents) if _SYNCED.fullmatch(p.name)), None)
    if synced:
        what = f"it is inside {synced}, which is synchronised"
        how = "choose another folder with SEALENV_ENVS or -p"
        yield Finding("warning", what, str(target), how)
