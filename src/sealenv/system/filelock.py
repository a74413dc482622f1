"""Locks that the operating system releases when their holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _READ_WRITE = 0xC0000000
    _SHARE_ALL = 0x7  # read, write, delete
    _CREATE_NEW, _OPEN_EXISTING = 1, 3
    _NORMAL = 0x80
    _NO_WAITING, _EXCLUSIVE = 1, 2
    _INVALID = wintypes.HANDLE(-1).value
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateFileW.restype = wintypes.HANDLE

    def open_removable(path: Path, *, new: bool) -> int:
        """Open for reading and writing so that the file can be renamed and removed meanwhile.

        A file that Python's own open() has opened can be neither, not even by this process.

        Raises:
            FileNotFoundError, FileExistsError, OSError: as open(2) would.
        """
        disposition = _CREATE_NEW if new else _OPEN_EXISTING
        handle = _kernel.CreateFileW(
            str(path), _READ_WRITE, _SHARE_ALL, None, disposition, _NORMAL, None
        )
        if handle == _INVALID:
            raise ctypes.WinError(ctypes.get_last_error())
        return msvcrt.open_osfhandle(handle, os.O_RDWR | os.O_BINARY | os.O_NOINHERIT)

    class _Overlapped(ctypes.Structure):
        """OVERLAPPED: only the position of the byte is used."""

        _fields_ = (
            ("Internal", ctypes.c_size_t),
            ("InternalHigh", ctypes.c_size_t),
            ("Offset", wintypes.DWORD),
            ("OffsetHigh", wintypes.DWORD),
            ("hEvent", wintypes.HANDLE),
        )

    def _at(fd: int, slot: int) -> tuple[wintypes.HANDLE, _Overlapped]:
        return wintypes.HANDLE(msvcrt.get_osfhandle(fd)), _Overlapped(Offset=_FAR + slot)

    def try_lock(fd: int, *, shared: bool = False, slot: int = 0) -> bool:
        """Lock one byte (`slot`) far behind the content; return False if another process holds it.

        msvcrt.locking has no shared locks, so this is `LockFileEx`.
        """
        handle, place = _at(fd, slot)
        flags = _NO_WAITING | (0 if shared else _EXCLUSIVE)
        return bool(_kernel.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(place)))

    def unlock(fd: int, *, slot: int = 0) -> None:
        """Release the byte.

        Raises:
            OSError: it was not held.
        """
        handle, place = _at(fd, slot)
        if not _kernel.UnlockFileEx(handle, 0, 1, 0, ctypes.byref(place)):
            raise ctypes.WinError(ctypes.get_last_error())

else:
    import fcntl

    def open_removable(path: Path, *, new: bool) -> int:
        """Open for reading and writing; a link is not followed.

        Raises:
            FileNotFoundError, FileExistsError, OSError: as open(2) does.
        """
        flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.open(path, flags | (os.O_CREAT | os.O_EXCL if new else 0), 0o644)

    def try_lock(fd: int, *, shared: bool = False, slot: int = 0) -> bool:
        """Call flock(2) without waiting; return False if another process holds the lock."""
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def unlock(fd: int, *, slot: int = 0) -> None:
        """Release the lock."""
        fcntl.flock(fd, fcntl.LOCK_UN)


_FAR = 1 << 30
_POLL_SECONDS = 0.05


class FileLock:
    """A lock file, which is never deleted."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        fd = os.open(self.path, flags, 0o644)
        try:
            yield fd
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Try to hold the lock alone, without waiting; yield whether that worked."""
        with self._opened() as fd:
            yield try_lock(fd)

    @contextlib.contextmanager
    def waiting(self, *, shared: bool = False) -> Iterator[None]:
        """Wait for the lock, and hold it alone, or together with other readers."""
        with self._opened() as fd:
            while not try_lock(fd, shared=shared):
                time.sleep(_POLL_SECONDS)
            yield
