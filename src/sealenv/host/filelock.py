"""Locks that the operating system drops when their holder dies, on POSIX and Windows."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["FileLock", "try_lock", "unlock"]

if sys.platform == "win32":
    import msvcrt

    def try_lock(fd: int, *, shared: bool = False, slot: int = 0) -> bool:
        """Lock one byte (`slot`) far behind the content; False when somebody holds it."""
        os.lseek(fd, _FAR + slot, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock(fd: int, *, slot: int = 0) -> None:
        """Give the byte back."""
        os.lseek(fd, _FAR + slot, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(fd: int, *, shared: bool = False, slot: int = 0) -> bool:
        """flock(2) without waiting; False when somebody holds it."""
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def unlock(fd: int, *, slot: int = 0) -> None:
        """Give the lock back."""
        fcntl.flock(fd, fcntl.LOCK_UN)


_FAR = 1 << 30
_POLL_SECONDS = 0.05
_SLOTS = range(64) if sys.platform == "win32" else range(1)


class FileLock:
    """A lock file that nobody deletes while it may be in use."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        return os.open(self.path, flags, 0o644)

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold the lock together with others, waiting while somebody has it alone.

        Windows has no shared byte locks in the standard library: there each holder takes one of a
        few bytes, and who wants the lock alone takes them all.
        """
        fd = self._open()
        try:
            while not any(try_lock(fd, shared=True, slot=slot) for slot in _SLOTS):
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Hold the lock alone if nobody has it; yields whether that worked. Never waits."""
        fd = self._open()
        try:
            yield all(try_lock(fd, slot=slot) for slot in _SLOTS)
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Hold the lock; wait as long as another process holds it."""
        fd = self._open()
        try:
            while not try_lock(fd):
                time.sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(fd)
