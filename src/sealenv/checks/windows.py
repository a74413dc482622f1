"""What the registry of Windows does to every shell: AutoRun, PATH and variables."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checks.check import Finding, SetValue, check
from sealenv.checks.computer import Computer
from sealenv.checks.profiles import variable_matters
from sealenv.system.registry import FILE_SYSTEM, Key, Registry, Value, long_paths_enabled
from sealenv.urls import masked_value

_PROCESSOR = r"Software\Microsoft\Command Processor"
_AUTORUNS = (Key("HKCU", _PROCESSOR), Key("HKLM", _PROCESSOR), Key("HKLM", _PROCESSOR, 32))
ENVIRONMENTS = (
    Key("HKCU", "Environment"),
    Key("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"),
)
"""The user's variables, the machine's."""


def _registry(computer: Computer) -> Registry:
    if computer.registry is None:
        raise OSError("this system has no registry")
    return computer.registry


def _by_hand(*, mine: bool) -> str:
    return "change it by hand" + ("" if mine else ", as administrator")


_NAME = r"[\\/](?:conda|mamba|micromamba)[-_]hook(?:\.bat)?"
_HOOK = rf"(?:\"[^\"]*{_NAME}\"|[^\s\"&|<>()^]*{_NAME})"
_MANAGED = re.compile(
    rf"(?:^|(?<!\^)&)[ \t]*(?:if exist {_HOOK} )?{_HOOK}[ \t]*(?=&|$)", re.IGNORECASE
)
"""What `conda init cmd.exe` and `micromamba shell init -s cmd.exe` write, after other commands."""
_ACTIVATES = re.compile(
    r"(?:conda|mamba)[-_]hook\b|\b(?:conda|mamba)(?:\.exe|\.bat)?\"?\s+activate\b"
    r"|(?:^|[&(]|\bcall|[\\/](?:scripts|bin|condabin)[\\/])\s*\"?activate(?:\.bat)?(?:[\"\s&)]|$)",
    re.IGNORECASE,
)
_DEPENDS = re.compile(r"&&|[|<>()]|(?:^|&)\s*(?:if|for|rem)\b", re.IGNORECASE)
"""What makes one command of a line depend on another."""


@check(
    "autorun",
    "a command in the registry that every cmd.exe runs when it starts",
    "it runs before the first line of every batch file that a program starts, and may activate an "
    "environment there",
    fix="the hook of conda or mamba is removed",
    windows=True,
)
def _autorun(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    seen: set[tuple[str, str]] = set()
    for key in _AUTORUNS:
        value = registry.value(key, "AutoRun")
        text = value.data if value and isinstance(value.data, str) else ""
        # Windows without WOW64, and Wine, show one value through both views.
        if value and text.strip() and (key.hive, text) not in seen:
            seen.add((key.hive, text))
            yield _command(key, value, text, mine=registry.writable(key))


def _command(key: Key, value: Value, text: str, *, mine: bool) -> Finding:
    where = f"{key} AutoRun"
    if not _ACTIVATES.search(text):
        what = "cmd.exe runs a command whenever it starts"
        return Finding("warning", what, where, "look at it: reg query", (text,))
    what = "cmd.exe activates an environment whenever it starts"
    kept = _without_hook(text)
    if kept is None or not mine:
        return Finding("error", what, where, _by_hand(mine=mine), (text,))
    change = SetValue(key, "AutoRun", value.kind, text, kept or None)
    how = "the hook is removed; other commands stay"
    return Finding("error", what, where, how, (text,), (change,))


def _without_hook(line: str) -> str | None:
    """Return an AutoRun line without managed hooks; None if other commands depend on them."""
    if _MANAGED.fullmatch(line.strip()):
        return ""
    kept = re.sub(r"^\s*&\s*", "", _MANAGED.sub("", line)).rstrip()
    depends = "&&" in line or _DEPENDS.search(kept) or line.lower().lstrip().startswith("if ")
    return None if depends or _ACTIVATES.search(kept) else kept


_PYTHON_ENTRY = re.compile(
    r"(?:ana|mini)conda|miniforge|mambaforge|micromamba|\\condabin|\\envs\\|\.pyenv\\|pyenv-win"
    r"|\\python\d+(?:-32)?(?:\\scripts)?\\?$|\\python\\(?:scripts)?\\?$",
    re.IGNORECASE,
)
_ENTRY = r'(?:^|(?<=;))(?:"[^"]*"?|[^;"])*'
"""An entry of PATH. A `;` in quotes does not separate entries."""
_PROGRAMS = tuple(
    name + end
    for name in ("python", "python3", "pip", "conda", "mamba", "micromamba")
    for end in (".exe", ".bat")
)


def _has_python(computer: Computer, entry: str) -> bool:
    """Return whether an entry of PATH is named like a folder of Python or conda, and is in one."""
    folder = _folder_of(computer, entry)
    if folder is None or not _PYTHON_ENTRY.search(entry.strip('" ')):
        return False
    places = (folder, *folder.parents)[:4]  # conda also adds Library\mingw-w64\bin
    return any((place / name).is_file() for place in places for name in _PROGRAMS)


def _folder_of(computer: Computer, entry: str) -> Path | None:
    """Return the folder that an entry of PATH names; None if that is not certain."""
    known = {name.lower(): value for name, value in computer.environ.items()}
    text = entry.replace('"', "").strip()
    text = re.sub(r"%([^%]+)%", lambda m: known.get(m[1].lower(), m[0]), text)
    if "%" in text or "\0" in text or not ntpath.splitdrive(text)[0]:
        return None
    if computer.root == Path("/"):
        return Path(text)
    return computer.root.joinpath(*re.split(r"[/\\]+", text.replace(":", "")))  # in tests


@check(
    "registry-path",
    "a Python or conda on the PATH of the user or the machine",
    "it runs in every window if no environment is active",
    fix="these entries are removed",
    windows=True,
)
def _path(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    for key in ENVIRONMENTS:
        for name, value in registry.values(key):
            if name.lower() != "path" or not isinstance(value.data, str):
                continue
            entries = re.findall(_ENTRY, value.data)
            bad = [entry for entry in entries if _has_python(computer, entry)]
            if not bad:
                continue
            mine = registry.writable(key)
            whose = "your" if key.hive == "HKCU" else "the machine's"
            what = f"a Python or conda is on {whose} PATH, {len(bad)} of {len(entries)} entries"
            how = _by_hand(mine=mine)
            changes: tuple[SetValue, ...] = ()
            if mine and value.data.count('"') % 2 == 0:
                how = "these entries are removed, for programs that start afterwards"
                kept = ";".join(entry for entry in entries if entry not in bad)
                changes = (SetValue(key, name, value.kind, value.data, kept),)
            yield Finding("warning", what, f"{key} {name}", how, tuple(bad[:8]), changes)


@check(
    "registry-variable",
    "variables that the gate refuses in the registry",
    "every program of the user, or of the machine, has them",
    fix="the value is deleted",
    windows=True,
)
def _variables(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    for key in ENVIRONMENTS:
        for name, value in registry.values(key):
            if not variable_matters(name.upper(), value.text):
                continue
            mine = registry.writable(key)
            how = _by_hand(mine=mine)
            changes: tuple[SetValue, ...] = ()
            if mine and isinstance(value.data, str):
                how = "the value is deleted, for programs that start afterwards"
                changes = (SetValue(key, name, value.kind, value.data, None),)
            what = f"{name} is {masked_value(name, value.text)} for every program"
            yield Finding("error", what, f"{key} {name}", how, changes=changes)


@check(
    "long-paths",
    "long paths are not enabled",
    "programs other than sealenv cannot open files deep in an environment",
    windows=True,
)
def _long_paths(computer: Computer) -> Iterator[Finding]:
    if not long_paths_enabled(_registry(computer)):
        key = rf"HKLM\{FILE_SYSTEM.path}"
        how = f'as administrator: reg add "{key}" /v LongPathsEnabled /t REG_DWORD /d 1'
        what = "paths longer than 260 characters are not enabled"
        yield Finding("note", what, f"{FILE_SYSTEM} LongPathsEnabled", how)
