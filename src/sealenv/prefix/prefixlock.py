"""The marker of a pending prefix, and the lock that is held on it.

The marker is the first thing written into a new prefix and the last thing removed. Its first line is
the one-shot token with which our own check passes the activation script. The lock is on the marker
itself and shared by everybody who works for this create: the parent, the engine, link scripts. As
long as one of them lives, no other create touches the prefix.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixExistsError, PrefixLockedError
from sealenv.layout import HISTORY, MARKER, META, PLAN, SEAL, State, is_link, state_of
from sealenv.naming import shown
from sealenv.system.filelock import open_removable, try_lock, unlock
from sealenv.system.files import read_regular

__all__ = ["PrefixLock", "is_locked", "join", "take"]

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
            _make_folders(prefix / META)
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
                "another process is making this environment",
                where=str(prefix),
                hint="wait for it to end, or choose another name; what a killed one has started ends "
                "by itself within seconds",
            )
        token = os.urandom(16).hex()
        import socket  # those who only ask do without

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
        """Let the engine join. Nobody else can get in: a create takes the lock exclusively."""
        # On Windows it stays ours alone: the engine has a slot of its own.
        if os.name != "nt" and not try_lock(self.fd, shared=True, slot=_PARENT):
            raise PrefixLockedError(
                "another process took this environment over",
                where=str(self.prefix),
                hint="run the same command again when it has ended",
            )

    def holds(self) -> bool:
        """Whether the marker is still the one that we wrote."""
        return _same(self.fd, self.prefix / MARKER)

    def commit(self) -> None:
        """Remove the marker: from now on the prefix is what its seal says."""
        (self.prefix / PLAN).unlink(missing_ok=True)
        marker = self.prefix / MARKER
        if os.name == "nt":
            # A file that is open somewhere, as ours is, keeps its name for a while when it is removed;
            # renamed it is gone from where it counts at one instant.
            marker = marker.rename(marker.with_name(f".{marker.name}.{self.token}"))
        marker.unlink()
        _sync_folder(self.prefix / META)
        self.close()

    def close(self) -> None:
        """Let go of the lock; a marker that is still there keeps the prefix pending."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def refuse_unless_free(prefix: Path) -> None:
    """Refuse a target that holds anything which sealenv's create did not begin.

    Raises:
        PrefixExistsError: with what it is.
    """
    hint = f"choose another name, or remove it first: sealenv remove {shown(str(prefix))}"
    if is_link(prefix):
        raise PrefixExistsError("the target is a link", where=str(prefix), hint="name its target")
    state = state_of(prefix)
    if state is State.PENDING and _is_bootstraps(prefix):
        raise PrefixExistsError(
            "a standalone script began this environment and did not finish it",
            where=str(prefix),
            hint=f"run that script again, or take it away: sealenv remove {shown(str(prefix))}",
        )
    if state in {State.ABSENT, State.EMPTY, State.PENDING}:
        return
    what = {
        State.SEALED: "there is an environment already",
        State.FOREIGN: "there is an environment already, made by another tool",
        State.OTHER: "the target is not an empty folder",
    }[state]
    if state is State.OTHER:
        hint = "choose another name or folder; sealenv deletes nothing that it did not make"
    raise PrefixExistsError(what, where=str(prefix), hint=hint)


def _is_bootstraps(prefix: Path) -> bool:
    """Whether the marker is one of bootstrap/*: nothing there says which files are whose."""
    try:
        return read_regular(prefix / MARKER).startswith(b"sealenv-bootstrap ")
    except OSError:  # gone, or held by its script
        return False


def is_locked(prefix: Path) -> bool:
    """Whether somebody works on a pending prefix right now."""
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
        PrefixLockedError: the marker is gone or held by a stranger.
    """
    fd = open_removable(Path(prefix, MARKER), new=False)
    if not try_lock(fd, shared=True, slot=_ENGINE):
        os.close(fd)
        raise PrefixLockedError("another process took this environment over", where=prefix)
    _JOINED.append(fd)


def _open_marker(prefix: Path) -> int:
    """Open the marker, or make it where there is none.

    Another create may finish between a look at the prefix and this: then the marker that is made here
    stands in a finished environment, and is taken back.

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
            "another process has just made this environment",
            where=str(prefix),
            hint="use it, or choose another name",
        )


def take(fd: int) -> bool:
    """One flock; on Windows, where a lock is its handle's alone, the slot of the engine besides."""
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
        here, there = os.fstat(fd), os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def _make_folders(folder: Path) -> None:
    for parent in [*reversed(folder.parents), folder]:
        try:
            parent.mkdir()
        except FileExistsError:
            if not parent.is_dir():
                raise


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
