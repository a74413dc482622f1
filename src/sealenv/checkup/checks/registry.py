"""The registry of Windows: AutoRun, PATH and variables, registered Pythons, long paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.checkup.computer import Computer, windows_entries
from sealenv.checkup.finding import Check, Finding, SetValue, Severity
from sealenv.checkup.patterns import variable_matters
from sealenv.checkup.registry import Key, Registry
from sealenv.masking import masked_value

__all__ = ["CHECKS", "ENVIRONMENTS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_PROCESSOR = r"Software\Microsoft\Command Processor"
_AUTORUNS = (Key("HKCU", _PROCESSOR), Key("HKLM", _PROCESSOR), Key("HKLM", _PROCESSOR, 32))
ENVIRONMENTS = (
    Key("HKCU", "Environment"),
    Key("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"),
)
"""The user's variables, the machine's."""
_PYTHON_ENTRY = re.compile(
    r"(?:ana|mini)conda|miniforge|mambaforge|micromamba|\\condabin|\\envs\\|\.pyenv\\|pyenv-win"
    r"|\\python\d+(?:-32)?(?:\\scripts)?\\?$|\\python\\(?:scripts)?\\?$",
    re.IGNORECASE,
)


def _registry(computer: Computer) -> Registry:
    if computer.registry is None:
        raise OSError("this system has no registry")
    return computer.registry


def _unreadable(key: Key, error: OSError) -> Finding:
    how = "look at it yourself: reg query; the other checks were made"
    return Finding(_W, f"it cannot be read: {error.strerror or error}", str(key), how)


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
_DEPENDS = re.compile(r"[|<>()]|(?:^|&)\s*(?:if|for|rem)\b", re.IGNORECASE)
"""What makes one command of a line depend on another."""


def _autorun(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    seen: set[tuple[str, str]] = set()
    for key in _AUTORUNS:
        try:
            value = registry.value(key, "AutoRun")
        except OSError as error:
            yield _unreadable(key, error)
            continue
        text = value.data if value and isinstance(value.data, str) else ""
        if value is None or not text.strip() or (key.hive, text) in seen:
            continue  # Windows without WOW64, and Wine, show one value through both views
        seen.add((key.hive, text))
        if not _ACTIVATES.search(text):
            what = "cmd.exe runs a command whenever it starts"
            yield Finding(_W, what, f"{key} AutoRun", "look at it: reg query", (text,))
            continue
        kept = _without_hook(text)
        mine = registry.writable(key)
        how = "the hook is taken out; other commands stay"
        if kept is None or not mine:
            how = "look at it: reg query; and change it by hand"
            how += "" if mine else ", as administrator"
        change = SetValue(key, "AutoRun", value.kind, text, kept or None)
        yield Finding(
            _E,
            "cmd.exe activates an environment whenever it starts",
            f"{key} AutoRun",
            how,
            (text,),
            (change,) if kept is not None and mine else (),
        )


def _without_hook(line: str) -> str | None:
    """Return an AutoRun line without managed hooks; None if other commands depend on them."""
    kept = re.sub(r"^\s*&\s*", "", _MANAGED.sub("", line)).rstrip()
    alone = _MANAGED.fullmatch(line.strip()) is not None
    depends = (
        "&&" in line
        or _DEPENDS.search(kept)
        or (line.lower().lstrip().startswith("if ") and not alone)
    )
    return None if depends or _ACTIVATES.search(kept) else kept


_PROGRAMS = tuple(
    name + end
    for name in ("python", "python3", "pip", "conda", "mamba", "micromamba")
    for end in (".exe", ".bat")
)


def _leads_to_python(computer: Computer, entry: str) -> bool:
    """Return whether an entry of PATH is named like a folder of Python or conda, and has one."""
    if not _PYTHON_ENTRY.search(entry.strip('" ')):
        return False
    folder = computer.windows_folder(entry)
    if folder is None:
        return False
    above = (folder.parent, folder.parent.parent) if folder.name.lower() in _BELOW else ()
    return any((folder / name).is_file() for name in _PROGRAMS) or any(
        (prefix / name).is_file() for prefix in above for name in ("python.exe", "conda.exe")
    )


_BELOW = frozenset({"scripts", "bin", "condabin"})
"""Folders of a Python or conda that have no python.exe themselves."""


def _path(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    for key in ENVIRONMENTS:
        try:
            values = list(registry.values(key))
        except OSError as error:
            yield _unreadable(key, error)
            continue
        for name, value in values:
            if name.lower() != "path" or not isinstance(value.data, str):
                continue
            entries = windows_entries(value.data)
            bad = [e for e in entries if _leads_to_python(computer, e)]
            if not bad:
                continue
            mine = registry.writable(key)
            fixable = mine and value.data.count('"') % 2 == 0
            by_hand = "take them out by hand" + ("" if mine else ", as administrator")
            kept = ";".join(e for e in entries if e not in bad)
            change = SetValue(key, name, value.kind, value.data, kept)
            whose = "your" if key.hive == "HKCU" else "the machine's"
            what = f"a Python or conda is on {whose} PATH, {len(bad)} of {len(entries)} entries"
            how = "these entries are taken out; that counts for programs started from then on"
            yield Finding(
                _W,
                what,
                f"{key} {name}",
                how if fixable else by_hand,
                tuple(bad[:8]),
                (change,) if fixable else (),
            )


def _variables(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    for key in ENVIRONMENTS:
        try:
            values = list(registry.values(key))
        except OSError as error:
            yield _unreadable(key, error)
            continue
        for name, value in values:
            severity = variable_matters(name.upper(), value.text)
            if severity:
                mine = registry.writable(key)
                how = "delete it by hand" + ("" if mine else ", as administrator")
                changes: tuple[SetValue, ...] = ()
                if mine and isinstance(value.data, str):
                    how = "the value is deleted; that counts for programs started from then on"
                    changes = (SetValue(key, name, value.kind, value.data, None),)
                what = f"{name} is {masked_value(name, value.text)} for every program"
                yield Finding(severity, what, f"{key} {name}", how, changes=changes)


def _registered(computer: Computer) -> Iterator[Finding]:
    registry = _registry(computer)
    seen: set[str] = set()
    for hive, view in (("HKCU", 64), ("HKLM", 64), ("HKLM", 32)):
        root = Key(hive, r"Software\Python", view)
        for company in registry.subkeys(root):
            for tag in registry.subkeys(Key(hive, rf"{root.path}\{company}", view)):
                place = Key(hive, rf"{root.path}\{company}\{tag}\InstallPath", view)
                value = registry.value(place, "")
                folder = value.text if value else ""
                if folder and folder.lower() not in seen:
                    seen.add(folder.lower())
                    yield Finding(
                        _N,
                        f"{company} {tag} is registered (PEP 514)",
                        str(place),
                        "nothing: activation and `run` start no launcher",
                        (folder,),
                    )


def _long_paths(computer: Computer) -> Iterator[Finding]:
    key = Key("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem")
    value = _registry(computer).value(key, "LongPathsEnabled")
    if value is None or value.data != 1:
        how = rf'as administrator: reg add "HKLM\{key.path}" /v LongPathsEnabled /t REG_DWORD /d 1'
        what = "paths longer than 260 characters are not enabled"
        yield Finding(_N, what, f"{key} LongPathsEnabled", how)


_WINDOWS = ("windows",)

CHECKS = (
    Check(
        "autorun",
        "a command in the registry that every cmd.exe runs when it starts",
        "it runs in every batch file that a program starts, before its first line, and may activate an "
        "environment there",
        (_E, _W),
        _autorun,
        "the hook of conda or mamba is taken out",
        _WINDOWS,
    ),
    Check(
        "registry-path",
        "a Python or conda on the PATH of the user or the machine",
        "it answers in every window where no environment is active",
        (_W,),
        _path,
        "these entries are taken out",
        _WINDOWS,
    ),
    Check(
        "registry-variable",
        "variables of Python, conda and pip in the registry",
        "every program of the user, or of the machine, has them",
        (_E, _W),
        _variables,
        "the value is deleted",
        _WINDOWS,
    ),
    Check(
        "python-registered",
        "Pythons that are registered with Windows",
        "the launcher `py`, editors and installers find them and may prefer them",
        (_N,),
        _registered,
        platforms=_WINDOWS,
    ),
    Check(
        "long-paths",
        "long paths are not enabled",
        "programs other than sealenv cannot open files deep in an environment",
        (_N,),
        _long_paths,
        platforms=_WINDOWS,
    ),
)
