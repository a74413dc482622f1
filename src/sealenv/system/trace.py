"""The trace report: snapshots before and after a command, compared (docs/reference/trace-report.md)."""

from __future__ import annotations

import datetime as dt
import os
import stat
import sys
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from sealenv._version import __version__
from sealenv.layout import leads_elsewhere, walk
from sealenv.system.registry import Key, Registry, this_registry

_Fact = tuple[int, int, int, int]
"""Mode, size, and the times of the content and (except on Windows) the inode, in nanoseconds. Of a
folder only the mode: its size and times depend on its entries."""


@dataclass(frozen=True)
class Snapshot:
    """What was at a place at one time."""

    exists: bool = False
    entries: dict[str, _Fact] = field(default_factory=dict)
    """Absolute path -> facts."""
    unreadable: bool = False


def take(path: str, *, full: bool, skip: Collection[str] = ()) -> Snapshot:
    """Return what is at a place now. Links are not followed, except the place itself.

    Args:
        path: a folder or a file, which need not exist.
        full: include everything below it.
        skip: absolute paths that are neither listed nor entered.
    """
    root = os.path.realpath(path)
    try:
        status = os.stat(root)
    except OSError:
        return Snapshot()
    if not stat.S_ISDIR(status.st_mode):
        return Snapshot(True, {root: _fact(status)})
    if not os.access(root, os.R_OK | os.X_OK):
        return Snapshot(True, unreadable=True)
    if any(_is_in(root, skipped) for skipped in skip):
        return Snapshot(True)
    hidden = {Path(os.path.relpath(p, root)).as_posix() for p in skip if _is_in(p, root)}
    found: dict[str, _Fact] = {}
    for entry in walk(Path(root), skip=frozenset(hidden), tolerant=True):
        if not full and "/" in entry.relative:
            break
        found[entry.path] = _fact(entry.status)
    return Snapshot(True, found)


def compare(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the names that were added, removed and changed."""
    return {
        "added": sorted(after.keys() - before.keys()),
        "removed": sorted(before.keys() - after.keys()),
        "changed": sorted(n for n in before.keys() & after.keys() if before[n] != after[n]),
    }


def _fact(status: os.stat_result) -> _Fact:
    if stat.S_ISDIR(status.st_mode) and not leads_elsewhere(status):
        return status.st_mode, 0, 0, 0
    inode = 0 if os.name == "nt" else status.st_ctime_ns  # no program can set it back
    return status.st_mode, status.st_size, status.st_mtime_ns, inode


def _is_in(path: str, root: str) -> bool:
    """Return whether a path is a folder or below it."""
    start = os.path.normcase(root.rstrip(os.sep) + os.sep)
    return os.path.normcase(path + os.sep).startswith(start)


KEYS = (
    r"HKCU\Environment",
    r"HKCU\Software\Microsoft\Command Processor",
    r"HKCU\Software\Python",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\App Paths",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run",
    r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall",
    r"HKCU\Software\Classes\.py",
    r"HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Environment",
    r"HKLM\SYSTEM\CurrentControlSet\Control\FileSystem",
    r"HKLM\Software\Microsoft\Command Processor",
    r"HKLM\Software\Python",
    r"HKLM\Software\Microsoft\Windows\CurrentVersion\App Paths",
    r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
)
"""The keys that installers, shells and package managers write. Each is read in both views."""

_Values = dict[str, str]
"""`key\\name` -> type and data."""


def _read_registry() -> dict[str, _Values | None]:
    r"""Return `HKCU\Environment (64-bit)` -> its values and those of all keys below, if it exists.

    The result is empty on systems without a registry.
    """
    registry = this_registry()
    if registry is None:
        return {}
    found = {}
    for name in KEYS:
        hive, _, path = name.partition("\\")
        for view in (64, 32):
            found[f"{name} ({view}-bit)"] = _values_below(registry, Key(hive, path, view))
    return found


def _values_below(registry: Registry, key: Key) -> _Values | None:
    try:
        values = {name: f"{value.kind}:{value.data!r}" for name, value in registry.values(key)}
        names = registry.subkeys(key)
    except OSError:
        return None
    for name in names:
        below = _values_below(registry, replace(key, path=f"{key.path}\\{name}")) or {}
        values[f"{name}\\"] = ""
        values |= {f"{name}\\{inner}": text for inner, text in below.items()}
    return values


class _Place(NamedTuple):
    """A folder or file of which a snapshot is taken before and after."""

    path: str
    full: bool
    """Whether everything below it is included; otherwise only its top level."""
    why: str


_IN_FULL = {
    "conda": ".conda .condarc .continuum .config/conda .cache/conda .anaconda",
    "mamba": ".mamba .mambarc .config/mamba micromamba .local/share/mamba",
    "rattler and pixi": ".rattler .config/rattler .cache/rattler .pixi .config/pixi .cache/pixi",
    "pip": ".pip .config/pip .cache/pip .local/bin .local/lib .pypirc",
    "a shell": ".config/fish .config/nushell .config/xonsh .config/powershell .xonshrc "
    ".local/share/powershell .config/environment.d .zsh .bashrc.d .profile.d "
    "Documents/PowerShell Documents/WindowsPowerShell",
    "the desktop": ".local/share/applications Applications",
}
"""Program -> files and folders in the home. The whole home would take too long."""
_SETTINGS = "settings, caches and data"
_TOP_LEVEL = (
    *(".config", ".cache", ".local", ".local/share", "Desktop"),
    *("Library/Caches", "Library/Application Support", "Library/Preferences"),
)
_OF_WINDOWS = {
    "pip": ("pip",),
    "conda": ("conda",),
    "mamba": ("mamba",),
    "rattler and pixi": ("rattler", "pixi"),
    "the desktop": ("Microsoft/Windows/Start Menu",),
}
"""Program -> folders in APPDATA and LOCALAPPDATA."""
_NAMED = ("APPDATA", "LOCALAPPDATA", "PROGRAMDATA")
_XDG = ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "ZDOTDIR")


def _places(environ: Mapping[str, str], home: str) -> list[_Place]:
    """Return the places that installers, shells and package managers are known to write, each once."""
    found = [_Place(home, False, "the user's home, with the profiles of shells")]
    for why, names in _IN_FULL.items():
        found += [_Place(_at(home, name), True, why) for name in names.split()]
    found += [_Place(_at(home, name), False, _SETTINGS) for name in _TOP_LEVEL]
    for variable in (*_NAMED, *_XDG) if sys.platform == "win32" else _XDG:
        root = environ.get(variable)
        if not root:
            continue
        found.append(_Place(root, False, f"{_SETTINGS} ({variable})"))
        for why, folders in _OF_WINDOWS.items() if variable in _NAMED[:2] else ():
            found += [_Place(_at(root, name), True, why) for name in folders]
    found.append(_Place(tempfile.gettempdir(), False, "temporary files"))
    found.append(_Place(os.getcwd(), False, "the current folder"))
    kept: dict[str, _Place] = {}
    for place in found:
        key = os.path.normcase(os.path.abspath(place.path))
        if key not in kept or place.full:
            kept[key] = place
    return list(kept.values())


def _at(root: str, name: str) -> str:
    return os.path.join(root, *name.split("/"))


_NOT_LOOKED_AT = (
    "anything below a folder of which only the top level is read",
    "folders of the system, and of other users",
    "which program made a change: changes that other programs make meanwhile are listed too",
    "a file that was made and removed again",
    "the content of a file whose size, mode and times are unchanged",
)
"""What a report does not show. Each report lists it."""


class _State(NamedTuple):
    """Everything that is compared, at one time."""

    places: dict[str, Snapshot]
    registry: dict[str, _Values | None]
    environ: dict[str, str]
    at: str


class TraceReport:
    """Starts before a command and finishes after it.

    Args:
        own: the prefix and the caches, which may be written.
        report: the file of the report itself, which is left out.
        command: the words of the command.
        environ: the live variables of this process, which are read again at the end.
    """

    def __init__(
        self,
        own: Sequence[Path],
        report: Path,
        command: Sequence[str],
        environ: Mapping[str, str],
    ) -> None:
        self._own = [os.path.realpath(folder) for folder in own]
        self._skip = (*self._own, os.path.realpath(report))
        self._command = list(command)
        self._environ = environ
        self._places = _places(environ, os.path.expanduser("~"))
        self._before = self._look()

    def _look(self) -> _State:
        places = {p.path: take(p.path, full=p.full, skip=self._skip) for p in self._places}
        now = dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds")
        return _State(places, _read_registry(), dict(self._environ), now)

    def finish(self, outcome: str, error: str | None, code: int) -> dict[str, Any]:
        """Take the snapshots again, compare, and return the report, ready for JSON.

        Args:
            outcome: done, failed or interrupted.
            error: what failed, in a line.
            code: the exit code of the command.
        """
        before, after = self._before, self._look()
        places = [
            _place_json(place, before.places[place.path], after.places[place.path])
            for place in self._places
        ]
        paths = dict.fromkeys(p for place in places for kind in _KINDS for p in place[kind])
        way = [path for path in paths if self._leads_to_own(path)]
        return {
            "schema": 2,
            "sealenv": __version__,
            "command": self._command,
            "started": before.at,
            "finished": after.at,
            "outcome": {"state": outcome, "error": error, "exit_code": code},
            "elsewhere": [path for path in paths if path not in way],
            "way": way,
            "places": places,
            "registry": [
                {"key": key, **compare(old or {}, after.registry[key] or {})}  # data may be secret
                for key, old in before.registry.items()
            ],
            "environment": {
                **compare(before.environ, after.environ),
                "path_before": before.environ.get("PATH", "").split(os.pathsep),
                "path_after": after.environ.get("PATH", "").split(os.pathsep),
            },
            "not_looked_at": list(_NOT_LOOKED_AT),
        }

    def _leads_to_own(self, path: str) -> bool:
        """Return whether a path is a parent of what may be written, and so was made for it."""
        return any(own != path and _is_in(own, path) for own in self._own)


_KINDS = ("added", "removed", "changed")


def _place_json(place: _Place, old: Snapshot, new: Snapshot) -> dict[str, Any]:
    return {
        "path": place.path,
        "looked_at": "in full" if place.full else "top level",
        "why": place.why,
        "before": {"exists": old.exists, "entries": len(old.entries)},
        "after": {"exists": new.exists, "entries": len(new.entries)},
        **compare(old.entries, new.entries),
        "unreadable": old.unreadable or new.unreadable,
    }
