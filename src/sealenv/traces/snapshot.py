"""What is at a place: names, kinds, modes, sizes and times; no content is read."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.layout import leads_elsewhere, walk

__all__ = ["MOST", "Change", "Snapshot", "compare", "take"]

MOST = 100_000
"""Entries of one place; a report says where there were more."""

_Fact = tuple[int, int, int, int]
"""Mode, size, times of the content and, but on Windows, of the inode, in nanoseconds; of a folder the
mode alone: it changes with what is in it."""


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
        """How many that are no folders."""
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
    """What is at a place now; links are not followed, but where the place itself is one.

    Args:
        path: a folder or a file; it need not exist.
        full: with everything below it.
        skip: absolute paths that are neither told nor entered.
        most: after so many entries the rest is left out.
    """
    root = os.path.realpath(path)
    try:
        status = os.stat(root)
    except OSError:
        return Snapshot()
    found: dict[str, _Fact] = {}
    if not stat.S_ISDIR(status.st_mode):
        return Snapshot(True, {root: _fact(status)})
    if not os.access(root, os.R_OK | os.X_OK):
        return Snapshot(True, unreadable=True)
    if any(_is_below(root, p) or os.path.normcase(root) == os.path.normcase(p) for p in skip):
        return Snapshot(True)
    if full:
        hidden = frozenset(
            Path(os.path.relpath(p, root)).as_posix() for p in skip if _is_below(p, root)
        )
        for entry in walk(Path(root), skip=hidden, tolerant=True):
            if len(found) >= most:
                return Snapshot(True, found, truncated=True)
            found[entry.path] = _fact(entry.status)
        return Snapshot(True, found)
    left_out = {os.path.normcase(p) for p in skip}
    with os.scandir(root) as entries:
        for item in entries:
            if os.path.normcase(item.path) in left_out:
                continue
            if len(found) >= most:
                return Snapshot(True, found, truncated=True)
            try:
                found[item.path] = _fact(item.stat(follow_symlinks=False))
            except OSError:
                continue  # gone meanwhile
    return Snapshot(True, found)


def compare(before: Snapshot, after: Snapshot, *, inode: bool = True) -> Change:
    """What was added, removed and changed, by name.

    Args:
        before: the first look.
        after: the second one.
        inode: whether a newer time of the inode alone is a change: an archive that gets one more hard
            link has one, and nobody has written to it.
    """
    old, new = before.entries, after.entries
    told = slice(None) if inode else slice(3)
    return Change(
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        tuple(
            sorted(path for path in old.keys() & new.keys() if old[path][told] != new[path][told])
        ),
    )


def _fact(status: os.stat_result) -> _Fact:
    if stat.S_ISDIR(status.st_mode) and not leads_elsewhere(status):
        return status.st_mode, 0, 0, 0
    inode = 0 if os.name == "nt" else status.st_ctime_ns  # no program sets it back
    return status.st_mode, status.st_size, status.st_mtime_ns, inode


def _is_below(path: str, root: str) -> bool:
    return os.path.normcase(path).startswith(os.path.normcase(root.rstrip(os.sep) + os.sep))
