"""Lock a finished prefix: one process writes into it, or several read it.

The lock is on the prefix's history, which every environment has, so that no file of ours is left
behind. A pending prefix is locked by its marker instead (`pending`).
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
from sealenv.system.files import keep_owner, temporary_path


def busy(prefix: Path) -> PrefixLockedError:
    """Return the error that another process works on a prefix."""
    return PrefixLockedError(
        "another process works on this environment",
        where=str(prefix),
        hint="wait for it to end; children of a killed process end by themselves in a moment",
    )


@contextlib.contextmanager
def exclusive(prefix: Path) -> Iterator[int]:
    """Lock a finished prefix for writing.

    Yields the descriptor of the lock: a child that inherits it holds the lock too.

    Raises:
        PrefixPendingError: it was never finished.
        PrefixLockedError: another process works on it.
        PrefixError: it has no history, or its history or conda-meta is a link.
        FilesystemError: it cannot be written.
    """
    with _held(prefix, shared=False) as fd:
        yield fd


@contextlib.contextmanager
def unchanged(prefix: Path) -> Iterator[None]:
    """Lock a finished prefix for reading, together with other readers.

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
                f"its {name} is a link, and sealenv does not write through links",
                where=str(prefix),
                hint=f"replace the link with the environment's own {name}",
            )
    try:
        fd = open_removable(prefix / HISTORY, new=False)
    except FileNotFoundError:
        raise PrefixError(
            f"it has no {HISTORY}: this is not an environment",
            where=str(prefix),
            hint="if it is one and the file was lost, create an empty one",
        ) from None
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be written: {error.strerror}",
            where=str(prefix / HISTORY),
            hint="fix its permissions, or run this as its owner",
        ) from error
    try:
        if not try_lock(fd, shared=shared):
            raise busy(prefix)
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
    """Refuse to report damage in a prefix that another process is changing, moving or removing.

    Raises:
        PrefixLockedError: another process works on it, or it no longer exists.
    """
    try:
        fd = open_removable(prefix / HISTORY, new=False)
    except FileNotFoundError:
        if os.path.lexists(prefix):
            return  # not an environment, or its history was lost, which is a finding
        raise PrefixLockedError(
            "it was moved or removed while it was read",
            where=str(prefix),
            hint="sealenv list shows the environments",
        ) from None
    except OSError:
        return  # a lock requires write permission
    try:
        if not try_lock(fd, shared=True):
            raise busy(prefix)
    finally:
        os.close(fd)


def replace_history(prefix: Path, fd: int, data: bytes, status: os.stat_result) -> int:
    """Replace the history without releasing the lock on it.

    The new file is locked before it replaces the old one. Windows does not replace an open file: there
    it is written in place.

    Args:
        prefix: a prefix that `exclusive` has locked.
        fd: the descriptor of that lock.
        data: the new history.
        status: of the old file.

    Returns:
        the descriptor that holds the lock from now on. The caller closes both.

    Raises:
        OSError: it cannot be replaced; the old one is unchanged and locked.
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
