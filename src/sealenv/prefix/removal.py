"""Remove an environment: lock it, mark it as pending, empty it, and remove the marker last."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixChangedError, PrefixLockedError
from sealenv.layout import HISTORY, MARKER, META, PKGS, PLAN, USER_FOLDER, is_link, walk
from sealenv.naming import printable, shown
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.pending import REMOVING, write_plan
from sealenv.prefix.prefixlock import take
from sealenv.system.deleting import delete, holders_of, while_held
from sealenv.system.filelock import open_removable
from sealenv.system.files import write_atomic
from sealenv.system.volumes import extended

__all__ = ["Contents", "remove", "remove_copied", "user_files"]

_STAYS = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})
"""The folder is a mount point, or another user owns its parent: it stays, empty."""
_LISTED = 20


def user_files(prefix: Path) -> int:
    """Count the user's own files, in the user folder."""
    folder = prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return 0
    return sum(not entry.is_dir for entry in walk(folder))


def remove(prefix: Path) -> None:
    """Remove everything in the prefix, and the folder. The caller has checked and asked.

    The marker is written first and removed last: a remove that was killed leaves a pending prefix,
    which another remove or create finishes. Links are removed, their targets are not. The folder
    itself stays, empty, if it is a mount point or its parent is not writable.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    with contextlib.ExitStack() as stack:
        # A damaged environment may have no history, and so no lock.
        marked = os.path.lexists(prefix / MARKER)
        if not marked and not is_link(prefix / HISTORY) and os.access(prefix / HISTORY, os.W_OK):
            stack.enter_context(exclusive(prefix))
        paths = None if marked else [e.relative for e in walk(prefix) if not e.is_dir]
        with _marked(extended(prefix), paths, stack):
            _empty(extended(prefix))


@dataclass(frozen=True)
class Contents:
    """The files of an environment at one time, to find what was written since.

    Attributes:
        prefix: the environment.
        stamps: path -> kind, size, time in nanoseconds and inode; only the kind of a folder.
    """

    prefix: Path
    stamps: Mapping[str, tuple[int, int, int, int]]

    @classmethod
    def of(cls, prefix: Path) -> Contents:
        """Read the state of every file.

        Raises:
            OSError: it cannot be read.
        """
        return cls(prefix, {e.relative: _stamp(e.status) for e in walk(extended(prefix))})

    def changed(self) -> list[str]:
        """List the differences between then and now, a line each, sorted.

        Raises:
            OSError: it cannot be read.
        """
        then, now = self.stamps, self.of(self.prefix).stamps
        lines = [f"{path}: new" for path in now.keys() - then.keys()]
        lines += [f"{path}: gone" for path in then.keys() - now.keys()]
        lines += [
            f"{path}: changed" for path in then.keys() & now.keys() if then[path] != now[path]
        ]
        return sorted(map(printable, lines))


def remove_copied(contents: Contents, place: Path, locks: contextlib.ExitStack) -> None:
    """Remove an environment that was copied, unless it was changed since.

    It is marked as pending before the first file is removed.

    Args:
        contents: of the environment, before it was copied.
        place: the path of the copy.
        locks: the caller's locks on the environment.

    Raises:
        PrefixChangedError: something was written into it since.
        PrefixLockedError: another process works on it.
        FilesystemError: something cannot be removed.
    """
    prefix = contents.prefix
    if changed := contents.changed():
        more = [f"and {len(changed) - _LISTED} more"] if len(changed) > _LISTED else []
        raise PrefixChangedError(
            "the environment was copied, but the old one was changed meanwhile and is kept",
            where=str(prefix),
            details=[*changed[:_LISTED], *more, f"the environment is at {place}"],
            hint=f"copy what you need, then: sealenv remove {shown(str(prefix))}",
        )
    files = [path for path, stamp in contents.stamps.items() if not stat.S_ISDIR(stamp[0])]
    with _marked(extended(prefix), files, locks):
        _empty(extended(prefix))


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    kind = stat.S_IFMT(status.st_mode)
    if stat.S_ISDIR(kind):
        return kind, 0, 0, 0
    return kind, status.st_size, status.st_mtime_ns, status.st_ino


@contextlib.contextmanager
def _marked(
    prefix: Path, paths: Iterable[str] | None, locks: contextlib.ExitStack
) -> Iterator[None]:
    """Mark and lock a prefix while the block empties it, then remove the marker and the folder.

    Args:
        prefix: an environment, which the caller has locked, or its remains.
        paths: the plan: every path in it; None if the plan exists already.
        locks: the caller's locks; released once the marker is locked.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    try:
        if not (prefix / META).is_dir():  # only the last rmdir is left
            yield
        else:
            if paths is not None:
                for name in (PLAN, MARKER):  # a folder may have that name
                    if (prefix / name).is_dir() and not is_link(prefix / name):
                        delete(prefix / name)
                write_plan(prefix, paths)
                write_atomic(prefix / MARKER, REMOVING)
            with _locked(prefix):
                locks.close()  # Windows does not remove an open file
                yield
                (prefix / PLAN).unlink(missing_ok=True)
                if os.name == "posix":
                    (prefix / MARKER).unlink(missing_ok=True)
            while_held(lambda: (prefix / MARKER).unlink(missing_ok=True))
            while_held((prefix / META).rmdir)
        try:
            while_held(prefix.rmdir)
        except OSError as error:
            if error.errno not in _STAYS or any(prefix.iterdir()):
                raise
    except OSError as error:
        where = str(error.filename or prefix).removeprefix("\\\\?\\")
        raise FilesystemError(
            f"not everything could be removed: {error.strerror}",
            where=where,
            details=[f"open in {holder}" for holder in holders_of(where)],
            hint="close what uses it or fix the permissions, then run the same command again",
        ) from error


@contextlib.contextmanager
def _locked(prefix: Path) -> Iterator[None]:
    """Hold the lock on the marker, so that no other create or remove works on the prefix."""
    try:
        fd = open_removable(prefix / MARKER, new=False)
    except FileNotFoundError:  # a remove was killed after it removed the marker
        yield
        return
    try:
        if not take(fd):
            raise PrefixLockedError(
                "another process works on this environment",
                where=str(prefix),
                hint="wait for it to end; children of a killed process end by themselves in a moment",
            )
        yield
    finally:
        os.close(fd)


def _empty(prefix: Path) -> None:
    if is_link(prefix / PKGS):
        delete(prefix / PKGS)
    for child in sorted(prefix.iterdir()):
        if child.name != META:
            delete(child)
    if not (prefix / META).is_dir():
        return
    for child in sorted((prefix / META).iterdir()):
        if child.name not in {"sealenv.plan", "sealenv.pending"}:
            delete(child)
