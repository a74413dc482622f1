"""The registry of Windows: AutoRun, PATH and variables, registered Pythons, long paths."""

from __future__ import annotations

import re
from collections.abc import Iterator

from sealenv.checkup.changes import SetValue
from sealenv.checkup.checks.cmdline import activates, commands_of, without
from sealenv.checkup.computer import Computer, windows_entries
from sealenv.checkup.finding import Check, Seen, Severity
from sealenv.checkup.patterns import variable_matters
from sealenv.checkup.registry import Key, Registry, Value

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
        raise OSError("there is no registry to look at")
    return computer.registry


def _unreadable(key: Key, error: OSError) -> Seen:
    how = "look at it yourself: reg query; the other checks were made"
    return Seen(_W, f"it cannot be read: {error.strerror or error}", str(key), how)


def _autorun(computer: Computer) -> Iterator[Seen]:
    registry = _registry(computer)
    seen: set[tuple[str, str]] = set()
    for key in _AUTORUNS:
        try:
            value = registry.value(key, "AutoRun")
        except OSError as error:
            yield _unreadable(key, error)
            continue
        text = value.text if value else ""
        if value is None or not text.strip() or (key.hive, text) in seen:
            continue  # Windows without WOW64, and Wine, show one value through both views
        seen.add((key.hive, text))
        commands = commands_of(text)
        bad = [command for command in commands if activates(command)]
        kept = without(text) if value.kind in (1, 2) else None
        after = Value(value.kind, kept) if kept else None
        mine = registry.writable(key)
        fixable = bool(bad) and kept is not None and mine
        how = "the commands that activate are taken out; others stay"
        if not fixable:
            how = "look at it: reg query; and change it by hand"
            how += "" if mine else ", as administrator"
        yield Seen(
            _E if bad else _W,
            "cmd.exe activates an environment whenever it starts"
            if bad
            else "cmd.exe runs a command whenever it starts",
            f"{key} AutoRun",
            how,
            tuple(commands[:5]),
            changes=(SetValue(key, "AutoRun", value, after),) if fixable else (),
        )


_PROGRAMS = tuple(
    name + end
    for name in ("python", "python3", "pip", "conda", "mamba", "micromamba")
    for end in (".exe", ".bat")
)


def _leads_to_python(computer: Computer, entry: str) -> bool:
    """Whether an entry of PATH is called like a Python's or conda's folder, and one is there."""
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


def _path(computer: Computer) -> Iterator[Seen]:
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
            whole = value.data.count('"') % 2 == 0
            mine = registry.writable(key)
            by_hand = "take them out by hand"
            by_hand += "" if mine else ", as administrator"
            by_hand += "" if whole else "; one of its quotes does not end"
            after = Value(value.kind, ";".join(e for e in entries if e not in bad))
            whose = "your" if key.hive == "HKCU" else "the machine's"
            what = f"a Python or conda is on {whose} PATH, {len(bad)} of {len(entries)} entries"
            how = "these entries are taken out; that counts for programs started from then on"
            yield Seen(
                _W,
                what,
                f"{key} {name}",
                how if mine and whole else by_hand,
                tuple(bad[:8]),
                changes=(SetValue(key, name, value, after),) if mine and whole else (),
            )


def _variables(computer: Computer) -> Iterator[Seen]:
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
                yield Seen(
                    severity,
                    f"{name} is {value.shown(name)} for every program",
                    f"{key} {name}",
                    "the value is deleted; that counts for programs started from then on"
                    if mine
                    else "delete it by hand, as administrator",
                    changes=(SetValue(key, name, value, None),) if mine else (),
                )


def _registered(computer: Computer) -> Iterator[Seen]:
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
                    yield Seen(
                        _N,
                        f"{company} {tag} is registered (PEP 514)",
                        str(place),
                        "nothing: activation and `run` start no launcher",
                        (folder,),
                    )


def _long_paths(computer: Computer) -> Iterator[Seen]:
    key = Key("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem")
    value = _registry(computer).value(key, "LongPathsEnabled")
    if value is None or value.data != 1:
        how = rf'as administrator: reg add "HKLM\{key.path}" /v LongPathsEnabled /t REG_DWORD /d 1'
        what = "paths longer than 260 characters are not enabled"
        yield Seen(_N, what, f"{key} LongPathsEnabled", how)


_WINDOWS = ("windows",)

CHECKS = (
    Check(
        "autorun",
        "a command in the registry that every cmd.exe runs when it starts",
        "it runs in every batch file that a program starts, before its first line, and may activate an "
        "environment there",
        (_E, _W),
        _autorun,
        "the commands that activate are taken out",
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
