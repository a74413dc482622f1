"""Remove an environment: it is locked, marked as pending, emptied; the marker goes last."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixChangedError, PrefixLockedError
from sealenv.layout import HISTORY, MARKER, META, PKGS, PLAN, SEAL, USER_FOLDER, is_link, walk
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
"""A mount point, or a folder that another user owns: it is empty, and that is enough."""
_LISTED = 20


def user_files(prefix: Path) -> int:
    """How many files of the user's own lie in the user folder."""
    folder = prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return 0
    return sum(not entry.is_dir for entry in walk(folder))


def remove(prefix: Path) -> None:
    """Remove everything in the prefix, and the folder; the caller has checked and asked.

    The marker comes first and goes last: a remove that was killed leaves a pending prefix, which
    another remove or create finishes. Links are removed, their targets are not. The folder itself
    stays, empty, if it is a mount point or its parent may not be written.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    with contextlib.ExitStack() as stack:
        # One that is damaged may have no history: then no other process can hold it either.
        marked = os.path.lexists(prefix / MARKER)
        if not marked and not is_link(prefix / HISTORY) and os.access(prefix / HISTORY, os.W_OK):
            stack.enter_context(exclusive(prefix))
        paths = None if marked else [e.relative for e in walk(prefix) if not e.is_dir]
        with _marked(extended(prefix), paths, stack):
            _empty(extended(prefix))


@dataclass(frozen=True)
class Contents:
    """Everything in an environment at one time, to find what was written since.

    Attributes:
        prefix: the environment.
        stamps: of each path: kind, size, time in nanoseconds and inode; of a folder the kind alone.
    """

    prefix: Path
    stamps: Mapping[str, tuple[int, int, int, int]]

    @classmethod
    def of(cls, prefix: Path) -> Contents:
        """Look at all of it.

        Raises:
            OSError: it cannot be read.
        """
        return cls(prefix, {e.relative: _stamp(e.status) for e in walk(extended(prefix))})

    def changed(self) -> list[str]:
        """What differs by now, a line each, sorted.

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
    """Remove the original of a copy: the copied files, and nothing that was written since.

    It is marked as pending before the first file goes.

    Args:
        contents: before the copy.
        place: where the copy is.
        locks: what the caller holds of it.

    Raises:
        PrefixChangedError: something was written into it since.
        PrefixLockedError: another process works on it.
        FilesystemError: something cannot be removed.
    """
    prefix = contents.prefix
    if changed := contents.changed():
        raise _changed_since(contents, place, changed)
    files = [path for path, stamp in contents.stamps.items() if not stat.S_ISDIR(stamp[0])]
    with _marked(extended(prefix), files, locks):
        _delete_listed(extended(prefix), contents.stamps)
        there = [e.relative for e in walk(extended(prefix)) if e.relative not in contents.stamps]
        if new := sorted(f"{printable(path)}: new" for path in there if path not in (MARKER, PLAN)):
            raise _changed_since(contents, place, new)


def _stamp(status: os.stat_result) -> tuple[int, int, int, int]:
    kind = stat.S_IFMT(status.st_mode)
    if stat.S_ISDIR(kind):
        return kind, 0, 0, 0
    return kind, status.st_size, status.st_mtime_ns, status.st_ino


def _changed_since(contents: Contents, place: Path, lines: list[str]) -> PrefixChangedError:
    rest = len(lines) - _LISTED
    more = [f"and {rest} more"] if rest > 0 else []
    return PrefixChangedError(
        "the environment was copied, and the old one was changed meanwhile: that is not removed",
        where=str(contents.prefix),
        details=[*lines[:_LISTED], *more, f"the environment is at {place}"],
        hint=f"take over what you need, then: sealenv remove {shown(str(contents.prefix))}",
    )


def _delete_listed(prefix: Path, stamps: Mapping[str, tuple[int, int, int, int]]) -> None:
    """Delete files and then folders, the environment's own last: the seal says what this is."""

    def late(path: str) -> tuple[bool, bool, int]:
        return path == META or path.startswith(f"{META}/"), path == SEAL, -path.count("/")

    for path in sorted(stamps, key=late):
        name = Path(os.path.join(prefix, path.replace("/", os.sep)))
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISDIR(stamps[path][0]) or is_link(name):
                _insist(delete, name)
            elif path != META:
                with contextlib.suppress(OSError):  # not empty: something new is in it
                    _insist(Path.rmdir, name)


def _insist(function: Callable[[Path], None], name: Path) -> None:
    try:
        while_held(lambda: function(name))
    except PermissionError:
        if os.name == "nt":
            raise
        os.chmod(name.parent, stat.S_IRWXU)  # a read-only folder of a package
        function(name)


@contextlib.contextmanager
def _marked(
    prefix: Path, paths: Iterable[str] | None, locks: contextlib.ExitStack
) -> Iterator[None]:
    """Around emptying a prefix: it is pending and locked meanwhile, and gone at the end.

    Args:
        prefix: an environment, which the caller has locked; or its remains.
        paths: everything in it that may be taken away; None: that is written down.
        locks: what the caller holds; released when the marker is locked instead.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    try:
        if not (prefix / META).is_dir():  # all but the last rmdir was done
            yield
        else:
            if paths is not None:
                for name in (PLAN, MARKER):  # a folder of that name would be in the way
                    if (prefix / name).is_dir() and not is_link(prefix / name):
                        delete(prefix / name)
                write_plan(prefix, paths)
                write_atomic(prefix / MARKER, REMOVING)
            with _locked(prefix):
                locks.close()  # on Windows no file is removed while it is open
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
    """The lock on its marker: no create takes the folder over, no other remove comes in between."""
    try:
        fd = open_removable(prefix / MARKER, new=False)
    except FileNotFoundError:  # killed after the marker was removed: an empty folder
        yield
        return
    try:
        if not take(fd):
            raise PrefixLockedError(
                "another process works on this environment",
                where=str(prefix),
                hint="wait for it to end; what a killed one had started ends by itself in a moment",
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
