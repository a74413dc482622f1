"""The old one goes after it was copied: what was copied alone, and nothing that was written since."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sealenv.errors import FilesystemError, PrefixChangedError
from sealenv.layout import MARKER, META, PLAN, SEAL, Entry, is_link, walk
from sealenv.naming import printable, shown
from sealenv.prefix.pending import read_plan
from sealenv.prefix.removal import going
from sealenv.system.deleting import delete
from sealenv.system.holders import while_held
from sealenv.system.volumes import extended

__all__ = ["Departure", "depart"]

_LISTED = 20


class Stamp(NamedTuple):
    """What tells that a path is as it was; of a folder only that it is one."""

    kind: int
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """That of a path, which is not followed."""
        kind = stat.S_IFMT(status.st_mode)
        if stat.S_ISDIR(kind):
            return cls(kind, 0, 0, 0)
        return cls(kind, status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True)
class Departure:
    """An environment that goes.

    Attributes:
        prefix: where it is.
        place: where its copy is to be.
        then: everything in it, before the first file was copied.
        since_ns: when that was looked at.
    """

    prefix: Path
    place: Path
    then: Mapping[str, Stamp]
    since_ns: int

    @classmethod
    def begin(cls, prefix: Path, place: Path) -> Departure:
        """Look at it before anything of it is copied.

        Raises:
            OSError: it cannot be read.
        """
        now = time.time_ns()
        return cls(
            prefix, place, {e.relative: Stamp.of(e.status) for e in walk(extended(prefix))}, now
        )

    @classmethod
    def resume(cls, prefix: Path, place: Path) -> Departure:
        """Look at one that was going already, when the run that had copied it was ended.

        The plan names what was copied, the marker has the time of that: what is newer, and not as it is
        in the copy, was written since.

        Raises:
            OSError: it cannot be read.
        """
        if not (prefix / MARKER).is_file():
            then = {e.relative: Stamp.of(e.status) for e in walk(prefix) if e.relative == META}
            return cls(prefix, place, then, 0)
        known, since = read_plan(prefix), os.lstat(prefix / MARKER).st_mtime_ns
        then = {}
        for entry in walk(extended(prefix)):
            ours = entry.relative in {MARKER, PLAN} or entry.is_dir
            if ours or (entry.relative in known and _is_old(entry, place, since)):
                then[entry.relative] = Stamp.of(entry.status)
            elif entry.relative in known:
                then[entry.relative] = Stamp(0, 0, 0, 0)  # as nothing is
        return cls(prefix, place, then, since)

    def changed(self) -> list[str]:
        """What is not as it was, a line each, sorted.

        Raises:
            OSError: it cannot be read.
        """
        now = {e.relative: Stamp.of(e.status) for e in walk(extended(self.prefix))}
        lines = [f"{path}: new" for path in now.keys() - self.then.keys()]
        lines += [
            f"{path}: changed" for path, was in self.then.items() if now.get(path, was) != was
        ]
        if not (self.prefix / MARKER).is_file():  # else what is gone, we have removed
            lines += [f"{path}: gone" for path in self.then.keys() - now.keys()]
        return sorted(printable(line) for line in lines)


def depart(departure: Departure, locks: contextlib.ExitStack) -> None:
    """Remove the old one, if it is what was copied.

    Args:
        departure: what was copied, and from where to where.
        locks: what the caller holds of it.

    Raises:
        PrefixChangedError: something was written into it since. Before the first file is removed this is
            asked of all of them, and then of each again.
        PrefixLockedError: another process works on it.
        FilesystemError: something cannot be removed.
    """
    prefix = departure.prefix
    if changed := departure.changed():
        raise PrefixChangedError(
            "the environment was copied, and the old one was changed meanwhile: it is not removed",
            where=str(prefix),
            details=[*_first(changed), f"both are there: {prefix} and {departure.place}"],
            hint=f"take over what you need of that, then: sealenv remove {shown(str(prefix))}",
        )
    marked = (prefix / MARKER).is_file()
    paths = None if marked else [p for p, s in departure.then.items() if not stat.S_ISDIR(s.kind)]
    stayed: list[str] = []
    with _told(departure), going(extended(prefix), paths, locks, departure.since_ns):
        stayed += _empty(departure)
        if stayed:
            raise PrefixChangedError(
                "something was written into the old environment while it was removed: that stays",
                where=str(prefix),
                details=[*_first(stayed), f"the environment is at {departure.place}"],
                hint=f"take over what you need of that, then: sealenv remove {shown(str(prefix))}",
            )


def _empty(departure: Departure) -> list[str]:
    """Remove what was copied, children before parents; what is there besides."""
    root = extended(departure.prefix)
    keep = {MARKER, PLAN, META}
    stayed = []
    for path, was in sorted(departure.then.items(), key=_order):
        if path in keep:
            continue
        name = os.path.join(
            root, path.replace("/", os.sep)
        )  # in its extended form Windows takes no `/`
        try:
            if stat.S_ISDIR(was.kind):
                _rmdir(name)
            elif os.name == "nt" or Stamp.of(os.lstat(name)) == was:
                _unlink(name)
            else:
                stayed.append(f"{printable(path)}: changed")
        except FileNotFoundError:
            continue
    now = (entry.relative for entry in walk(root))
    there = [path for path in now if path not in keep and path not in departure.then]
    return stayed + [f"{printable(path)}: new" for path in there]


def _order(item: tuple[str, Stamp]) -> tuple[bool, bool, int]:
    """Children before parents; then what tells of the rest, and last the seal.

    A run that follows knows by that what this is.
    """
    return item[0].startswith(f"{META}/"), item[0] == SEAL, -item[0].count("/")


def _rmdir(name: str) -> None:
    with contextlib.suppress(OSError):  # not empty: it is told by what is in it
        if is_link(Path(name)):  # a junction of Windows counts as a folder
            delete(Path(name))
            return
        try:
            while_held(lambda: os.rmdir(name))
        except PermissionError:
            os.chmod(name if os.name == "nt" else os.path.dirname(name), stat.S_IRWXU)
            os.rmdir(name)


def _unlink(name: str) -> None:
    try:
        delete(Path(name))
    except PermissionError:
        if os.name == "nt":
            raise
        os.chmod(os.path.dirname(name), stat.S_IRWXU)  # a read-only folder of a package
        os.unlink(name)


def _is_old(entry: Entry, place: Path, since_ns: int) -> bool:
    """Whether it was not written after the copy was begun, or is what the copy has."""
    if entry.status.st_mtime_ns <= since_ns:
        return True
    try:
        copy = os.lstat(place / entry.relative)
    except OSError:
        return False
    return (copy.st_mtime_ns, copy.st_size) == (entry.status.st_mtime_ns, entry.status.st_size)


def _first(lines: list[str]) -> list[str]:
    rest = len(lines) - _LISTED
    return lines[:_LISTED] + ([f"and {rest} more"] if rest > 0 else [])


@contextlib.contextmanager
def _told(departure: Departure) -> Iterator[None]:
    """What cannot be removed, and where the environment is."""
    try:
        yield
    except FilesystemError as error:
        raise FilesystemError(
            f"the environment is at {departure.place} now; the old one is not gone: {error.what}",
            where=error.where,
            details=error.details,
            hint=f"sealenv remove {shown(str(departure.prefix))}",
        ) from error
