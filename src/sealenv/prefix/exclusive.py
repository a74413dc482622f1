"""Work on a finished prefix by one sealenv at a time.

A pending prefix has its marker to lock. A finished one has no file of ours that stays the same file,
so the lock is on its history, which every environment has; nothing is left behind.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sealenv.errors import (
    FilesystemError,
    PrefixError,
    PrefixLockedError,
    PrefixPendingError,
)
from sealenv.layout import HISTORY, MARKER, META, is_link
from sealenv.naming import shown
from sealenv.system.filelock import open_removable, try_lock
from sealenv.system.files import keep_owner
from sealenv.system.temporary import temporary_path

__all__ = ["exclusive", "refuse_worked_on", "replace_history", "unchanged"]


@contextlib.contextmanager
def exclusive(prefix: Path) -> Iterator[int]:
    """Keep other sealenv commands from a finished prefix while we write into it.

    Yields the descriptor of the lock: a child that inherits it holds the lock too.

    Raises:
        PrefixPendingError: it was never finished.
        PrefixLockedError: another process works on it.
        PrefixError: it has no history, or a link where its own folders should be.
        FilesystemError: it cannot be written.
    """
    with _held(prefix, shared=False) as fd:
        yield fd


@contextlib.contextmanager
def unchanged(prefix: Path) -> Iterator[None]:
    """Keep other sealenv commands from writing into a finished prefix while it is read; many may read.

    Raises:
        PrefixPendingError, PrefixLockedError, PrefixError, FilesystemError: as for `exclusive`.
    """
    with _held(prefix, shared=True):
        yield


@contextlib.contextmanager
def _held(prefix: Path, *, shared: bool) -> Iterator[int]:
    for name in (META, HISTORY):
        if is_link(prefix / name):
            raise PrefixError(
                f"its {name} is a link: nothing is written through it",
                where=str(prefix),
                hint=f"put back what was there: {name} is of the environment's own",
            )
    try:
        fd = open_removable(prefix / HISTORY, new=False)
    except FileNotFoundError:
        raise PrefixError(
            f"it has no {HISTORY}: this is not an environment",
            where=str(prefix),
            hint="if it is one and that file was lost, an empty one in its place will do",
        ) from None
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be written: {error.strerror}",
            where=str(prefix / HISTORY),
            hint="mend its permissions, or run this as its owner",
        ) from error
    try:
        if not try_lock(fd, shared=shared):
            raise PrefixLockedError(
                "another process works on this environment",
                where=str(prefix),
                hint="wait for it to end; what a killed one had started ends by itself in a moment",
            )
        if os.path.lexists(prefix / MARKER):
            raise PrefixPendingError(
                "this environment was never finished",
                where=str(prefix),
                hint=f"create it again, or: sealenv remove {shown(str(prefix))}",
            )
        yield fd
    finally:
        os.close(fd)


def refuse_worked_on(prefix: Path) -> None:
    """Refuse to say what is wrong with a prefix while another process writes into it, or took it away.

    Raises:
        PrefixLockedError: what was seen of it is neither what it was nor what it is going to be.
    """
    try:
        fd = open_removable(prefix / HISTORY, new=False)
    except FileNotFoundError:
        if os.path.lexists(prefix):
            return  # no environment, or one that lost its history: that is a finding
        raise PrefixLockedError(
            "it was moved or removed while it was looked at",
            where=str(prefix),
            hint="sealenv list shows what there is",
        ) from None
    except OSError:
        return  # nobody who may not write there can ask
    try:
        if not try_lock(fd, shared=True):
            raise PrefixLockedError(
                "another process works on this environment, and what is seen of it may be half done",
                where=str(prefix),
                hint="wait for it to end, then run the same command again",
            )
    finally:
        os.close(fd)


def replace_history(prefix: Path, fd: int, data: bytes, status: os.stat_result) -> int:
    """Write the history anew without letting go of the lock on it.

    The new file is locked before it is in place. On Windows, where a file that is open cannot be
    replaced, it is written in place.

    Args:
        prefix: a prefix that `exclusive` holds.
        fd: what that gave.
        data: the history.
        status: of the file as it is.

    Returns:
        the descriptor that holds the lock from now on: to be closed at the end, `fd` besides.

    Raises:
        OSError: as the operating system says; the old one is there, and locked.
    """
    if os.name == "nt":
        os.lseek(fd, 0, os.SEEK_SET)
        with os.fdopen(os.dup(fd), "r+b") as file:
            file.write(data)
            file.truncate()
        return fd
    partial = Path(temporary_path(os.fspath(prefix / HISTORY)))
    new = open_removable(partial, new=True)
    try:
        try_lock(new)
        with os.fdopen(os.dup(new), "wb") as file:
            file.write(data)
        keep_owner(os.fspath(partial), status)
        os.chmod(partial, stat.S_IMODE(status.st_mode))
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.replace(partial, prefix / HISTORY)
    except BaseException:
        partial.unlink(missing_ok=True)
        os.close(new)
        raise
    return new
