"""What is at a place: names, modes, sizes and times of files, and values of the registry."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.layout import leads_elsewhere, walk

__all__ = ["KEYS", "MOST", "Change", "Snapshot", "Values", "compare", "read_registry", "take"]

MOST = 100_000
"""Entries of one place. A report says if there were more."""

_Fact = tuple[int, int, int, int]
"""Mode, size, and the times of the content and (except on Windows) the inode, in nanoseconds. Of a
folder only the mode: its size and times depend on its entries."""


@dataclass(frozen=True)
class Snapshot:
    """What was at a place at one time."""

    exists: bool = False
    entries: dict[str, _Fact] = field(default_factory=dict)
    """Absolute path -> facts."""
    truncated: bool = False
    unreadable: bool = False

    @property
    def files(self) -> int:
        """The number of entries that are not folders."""
        return sum(not stat.S_ISDIR(fact[0]) for fact in self.entries.values())

    @property
    def size(self) -> int:
        """Bytes; a file with several names counts under each."""
        return sum(fact[1] for fact in self.entries.values())


@dataclass(frozen=True)
class Change:
    """How two snapshots differ: absolute paths."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]


def take(path: str, *, full: bool, skip: Collection[str] = (), most: int = MOST) -> Snapshot:
    """Return what is at a place now. Links are not followed, except the place itself.

    Args:
        path: a folder or a file, which need not exist.
        full: include everything below it.
        skip: absolute paths that are neither listed nor entered.
        most: the number of entries after which the rest is left out.
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
        if len(found) >= most:
            return Snapshot(True, found, truncated=True)
        found[entry.path] = _fact(entry.status)
    return Snapshot(True, found)


def compare(before: Snapshot, after: Snapshot, *, inode: bool = True) -> Change:
    """Return what was added, removed and changed, by name.

    Args:
        before: the first snapshot.
        after: the second one.
        inode: whether a newer time of the inode alone is a change. An archive that gets another hard
            link has a newer one, and its content is the same.
    """
    old, new = before.entries, after.entries
    compared = slice(None) if inode else slice(3)
    both = old.keys() & new.keys()
    return Change(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(sorted(path for path in both if old[path][compared] != new[path][compared])),
    )


def _fact(status: os.stat_result) -> _Fact:
    if stat.S_ISDIR(status.st_mode) and not leads_elsewhere(status):
        return status.st_mode, 0, 0, 0
    inode = 0 if os.name == "nt" else status.st_ctime_ns  # no program can set it back
    return status.st_mode, status.st_size, status.st_mtime_ns, inode


def _is_in(path: str, root: str) -> bool:
    """Return whether a path is a folder or below it."""
    return os.path.normcase(path + os.sep).startswith(
        os.path.normcase(root.rstrip(os.sep) + os.sep)
    )


KEYS = (
    ("HKCU", "Environment"),
    ("HKCU", r"Software\Microsoft\Command Processor"),
    ("HKCU", r"Software\Python"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\App Paths"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Run"),
    ("HKCU", r"Software\Microsoft\Windows\CurrentVersion\Uninstall"),
    ("HKCU", r"Software\Classes\.py"),
    ("HKLM", r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment"),
    ("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem"),
    ("HKLM", r"Software\Microsoft\Command Processor"),
    ("HKLM", r"Software\Python"),
    ("HKLM", r"Software\Microsoft\Windows\CurrentVersion\App Paths"),
    ("HKLM", r"Software\Microsoft\Windows\CurrentVersion\Run"),
)
"""The keys that installers, shells and package managers write. Each is read in both views."""

Values = dict[str, str]
"""`key\\name` -> type and data."""


def read_registry() -> dict[str, Values | None]:
    r"""Return `HKCU\Environment (64-bit)` -> its values and those of all keys below, if it exists.

    The result is empty on systems without a registry.
    """
    found: dict[str, Values | None] = {}
    if sys.platform == "win32":
        views = ((64, winreg.KEY_WOW64_64KEY), (32, winreg.KEY_WOW64_32KEY))
        for hive, path in KEYS:
            root = winreg.HKEY_CURRENT_USER if hive == "HKCU" else winreg.HKEY_LOCAL_MACHINE
            for bits, view in views:
                found[f"{hive}\\{path} ({bits}-bit)"] = _read(root, path, view)
    return found


if sys.platform == "win32":
    import winreg

    def _read(root: int, path: str, view: int) -> Values | None:
        try:
            with winreg.OpenKey(root, path, access=winreg.KEY_READ | view) as key:
                keys, count, _ = winreg.QueryInfoKey(key)
                rows = [winreg.EnumValue(key, index) for index in range(count)]
                names = [winreg.EnumKey(key, index) for index in range(keys)]
        except OSError:
            return None
        values = {name: f"{kind}:{data!r}" for name, data, kind in rows}
        for name in names:
            below = _read(root, f"{path}\\{name}", view) or {}
            values[f"{name}\\"] = ""
            values |= {f"{name}\\{inner}": text for inner, text in below.items()}
        return values
