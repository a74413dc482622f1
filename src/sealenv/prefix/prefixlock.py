"""Locks on a prefix.

A pending prefix is locked by its marker, the first file written into it and the last one removed. The
first line of the marker is the token that lets our own check pass the activation script. The parent, the
engine and link scripts share the lock: while one of them lives, no other create touches the prefix.

A finished prefix is locked by its history, which every environment has, so that no file of ours is left
behind: one process writes into the prefix, or several read it.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from sealenv.errors import (
    FilesystemError,
    PrefixError,
    PrefixExistsError,
    PrefixLockedError,
    PrefixPendingError,
)
from sealenv.layout import HISTORY, MARKER, META, PLAN, SEAL, State, is_link, state_of
from sealenv.naming import shown
from sealenv.system.filelock import open_removable, try_lock, unlock
from sealenv.system.files import keep_owner, read_regular, temporary_path

__all__ = [
    "PrefixLock",
    "exclusive",
    "is_locked",
    "join",
    "refuse_worked_on",
    "replace_history",
    "take",
    "unchanged",
]

_PARENT, _ENGINE = 0, 1
_JOINED: list[int] = []


class PrefixLock:
    """Exclusive use of a prefix, from the first write to the commit."""

    def __init__(self, prefix: Path, fd: int, token: str) -> None:
        self.prefix = prefix
        self.fd = fd
        self.token = token

    @classmethod
    def acquire(cls, prefix: Path) -> PrefixLock:
        """Mark the prefix as pending and lock it.

        The target does not exist, is an empty folder, or is pending from an earlier create.

        Raises:
            PrefixExistsError: it holds something else, or is a link.
            PrefixLockedError: another process works on it.
            FilesystemError: it cannot be written.
        """
        refuse_unless_free(prefix)
        try:
            (prefix / META).mkdir(parents=True, exist_ok=True)
            fd = _open_marker(prefix)
        except OSError as error:
            raise FilesystemError(
                f"the environment cannot be started: {error.strerror}",
                where=str(prefix),
                hint="choose a folder that you may write, or make room",
            ) from error
        if not take(fd) or not _same(fd, prefix / MARKER):
            os.close(fd)
            raise PrefixLockedError(
                "another process is creating this environment",
                where=str(prefix),
                hint="wait for it to end, or choose another name; children of a killed process end by "
                "themselves within seconds",
            )
        token = os.urandom(16).hex()
        import socket  # only `create` needs it

        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": int(time.time())}
        try:
            os.ftruncate(fd, 0)
            os.lseek(fd, 0, os.SEEK_SET)
            with os.fdopen(os.dup(fd), "wb") as file:
                file.write(f"{token}\n{json.dumps(note)}\n".encode())
            os.fsync(fd)
        except BaseException:
            os.close(fd)
            raise
        return cls(prefix, fd, token)

    def share(self) -> None:
        """Let the engine join. No other create can: it would need the lock exclusively."""
        # On Windows the engine has a slot of its own.
        if os.name != "nt" and not try_lock(self.fd, shared=True, slot=_PARENT):
            raise PrefixLockedError(
                "another process took this environment over",
                where=str(self.prefix),
                hint="run the same command again when it has ended",
            )

    def holds(self) -> bool:
        """Return whether the marker is still the file that we wrote."""
        return _same(self.fd, self.prefix / MARKER)

    def commit(self) -> None:
        """Remove the marker: the prefix is finished."""
        (self.prefix / PLAN).unlink(missing_ok=True)
        marker = self.prefix / MARKER
        if os.name == "nt":
            # A removed file keeps its name until it is closed; a rename takes effect at once.
            marker = marker.rename(marker.with_name(f".{marker.name}.{self.token}"))
        marker.unlink()
        _sync_folder(self.prefix / META)
        self.close()

    def close(self) -> None:
        """Release the lock; if the marker still exists, the prefix stays pending."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def refuse_unless_free(prefix: Path) -> None:
    """Refuse a target that holds anything but an unfinished create.

    Raises:
        PrefixExistsError: it holds something else, or is a link.
    """
    hint = f"choose another name, or remove it first: sealenv remove {shown(str(prefix))}"
    if is_link(prefix):
        raise PrefixExistsError("the target is a link", where=str(prefix), hint="name its target")
    state = state_of(prefix)
    if state is State.PENDING and _is_bootstraps(prefix):
        raise PrefixExistsError(
            "a standalone script began this environment and did not finish it",
            where=str(prefix),
            hint=f"run that script again, or: sealenv remove {shown(str(prefix))}",
        )
    if state in {State.ABSENT, State.EMPTY, State.PENDING}:
        return
    what = {
        State.SEALED: "the environment already exists",
        State.FOREIGN: "the environment already exists, made by another tool",
        State.OTHER: "the target is not an empty folder",
    }[state]
    if state is State.OTHER:
        hint = "choose another name or folder; sealenv deletes nothing that it did not make"
    raise PrefixExistsError(what, where=str(prefix), hint=hint)


def _is_bootstraps(prefix: Path) -> bool:
    """Return whether a standalone script wrote the marker; it writes no plan of its files."""
    try:
        return read_regular(prefix / MARKER).startswith(b"sealenv-bootstrap ")
    except OSError:  # gone, or held by its script
        return False


def is_locked(prefix: Path) -> bool:
    """Return whether a process works on a pending prefix right now."""
    try:
        fd = open_removable(prefix / MARKER, new=False)
    except OSError:
        return False
    try:
        return not take(fd)
    finally:
        os.close(fd)


def join(prefix: str) -> None:
    """Hold the lock in this process too, until it ends.

    Raises:
        PrefixLockedError: another create holds the marker.
    """
    fd = open_removable(Path(prefix, MARKER), new=False)
    if not try_lock(fd, shared=True, slot=_ENGINE):
        os.close(fd)
        raise PrefixLockedError("another process took this environment over", where=prefix)
    _JOINED.append(fd)


def _open_marker(prefix: Path) -> int:
    """Open the marker; create it if it does not exist.

    Another create may have finished since the prefix was checked. Then the new marker is in a finished
    environment, and is removed again.

    Raises:
        PrefixExistsError: that happened.
    """
    while True:
        if is_link(prefix / MARKER):  # Windows has no O_NOFOLLOW
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(prefix / MARKER))
        with contextlib.suppress(FileNotFoundError):
            return open_removable(prefix / MARKER, new=False)
        try:
            fd = open_removable(prefix / MARKER, new=True)
        except FileExistsError:
            continue
        if not any((prefix / name).exists() for name in (SEAL, HISTORY)):
            return fd
        os.close(fd)
        (prefix / MARKER).unlink(missing_ok=True)
        raise PrefixExistsError(
            "another process has just created this environment",
            where=str(prefix),
            hint="use it, or choose another name",
        )


def take(fd: int) -> bool:
    """Take the lock exclusively: on Windows, where the engine has its own slot, both slots."""
    if not try_lock(fd, slot=_PARENT):
        return False
    if os.name == "nt":
        if not try_lock(fd, slot=_ENGINE):
            unlock(fd, slot=_PARENT)
            return False
        unlock(fd, slot=_ENGINE)
    return True


def _same(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except OSError:
        return False


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


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
            raise PrefixLockedError(
                "another process works on this environment",
                where=str(prefix),
                hint="wait for it to end; children of a killed process end by themselves in a moment",
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
            raise PrefixLockedError(
                "another process works on this environment, so the result would be unreliable",
                where=str(prefix),
                hint="wait for it to end, then run the same command again",
            )
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
