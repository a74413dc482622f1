"""Remove: an environment is locked, marked as pending, emptied; the marker goes last."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixLockedError
from sealenv.layout import HISTORY, MARKER, META, PKGS, PLAN, USER_FOLDER, is_link, walk
from sealenv.prefix.exclusive import exclusive
from sealenv.prefix.pending import REMOVING, write_plan
from sealenv.prefix.prefixlock import take
from sealenv.system.deleting import delete
from sealenv.system.filelock import open_removable
from sealenv.system.files import write_atomic
from sealenv.system.holders import holders_of, while_held
from sealenv.system.volumes import extended

__all__ = ["going", "remove", "user_files"]

_STAYS = frozenset({errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS})
"""A mount point, or a folder that somebody else may change: it is empty, and that will do."""


def user_files(prefix: Path) -> int:
    """How many files of the user's own lie in the user folder."""
    folder = prefix / USER_FOLDER
    if is_link(folder) or not folder.is_dir():
        return 0
    return sum(not entry.is_dir for entry in walk(folder))


def remove(prefix: Path) -> None:
    """Remove everything in the prefix, and the folder; the caller has checked and asked.

    The marker comes first and goes last: a remove that was stopped half way leaves a pending prefix,
    which another remove or create finishes. Links are removed, what they lead to is not. The folder
    itself stays, empty, where it is a mount point or its parent may not be written.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    with contextlib.ExitStack() as stack:
        # One that is damaged may have no history: then nobody else can hold that either.
        marked = os.path.lexists(prefix / MARKER)
        if not marked and not is_link(prefix / HISTORY) and os.access(prefix / HISTORY, os.W_OK):
            stack.enter_context(exclusive(prefix))
        paths = None if marked else [e.relative for e in walk(prefix) if not e.is_dir]
        with going(extended(prefix), paths, stack):
            _empty(extended(prefix))


@contextlib.contextmanager
def going(
    prefix: Path, paths: Iterable[str] | None, locks: contextlib.ExitStack, since_ns: int = 0
) -> Iterator[None]:
    """Around emptying a prefix: it is pending and locked meanwhile, and gone at the end.

    Args:
        prefix: an environment, which the caller has locked; or what is left of one.
        paths: everything in it that may be taken away; None: that is written down.
        locks: what the caller holds; let go of when the marker is held instead.
        since_ns: the time that the marker is to have; 0: now.

    Raises:
        PrefixLockedError: another process works on it.
        FilesystemError: something could not be removed; the rest may be gone.
    """
    try:
        if not (prefix / META).is_dir():  # all but the last rmdir was done
            yield
        else:
            if paths is not None:
                for name in (PLAN, MARKER):  # somebody's folder would be in the way
                    if (prefix / name).is_dir() and not is_link(prefix / name):
                        delete(prefix / name)
                write_plan(prefix, paths)
                write_atomic(prefix / MARKER, REMOVING)
                if since_ns:
                    os.utime(prefix / MARKER, ns=(since_ns, since_ns))
            with _held(prefix):
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
            hint="close what uses it or mend the permissions, then run the same command again",
        ) from error


@contextlib.contextmanager
def _held(prefix: Path) -> Iterator[None]:
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
