"""Who holds a file open: what Windows' Restart Manager tells; elsewhere nothing is asked.

A file that another process holds open can be deleted on POSIX, and cannot on Windows.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["PATIENCE", "held_in", "holders_of", "is_held", "while_held"]

PATIENCE = 10.0
"""Seconds: an antivirus or an indexer lets go of a new file within a few."""
_PAUSES = (0.05, 0.1, 0.2, 0.5)
_HELD = frozenset({5, 32, 33, 145})  # access denied, sharing, lock; a folder whose files linger

T = TypeVar("T")

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _READ = 0x80000000  # GENERIC_READ
    _EXISTING = 3  # OPEN_EXISTING
    _BACKUP = 0x02200000  # FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT

    class _Process(ctypes.Structure):
        """RM_UNIQUE_PROCESS."""

        _fields_ = (("pid", wintypes.DWORD), ("started", wintypes.FILETIME))

    class _Info(ctypes.Structure):
        """RM_PROCESS_INFO (restartmanager.h)."""

        _fields_ = (
            ("process", _Process),
            ("name", wintypes.WCHAR * 256),
            ("service", wintypes.WCHAR * 64),
            ("type", ctypes.c_int),
            ("status", wintypes.ULONG),
            ("session", wintypes.DWORD),
            ("restartable", wintypes.BOOL),
        )

    def holders_of(path: str) -> list[str]:
        """One `PID NAME` for each process that holds the file open; empty when nothing is told."""
        try:
            manager = ctypes.WinDLL("rstrtmgr")
        except OSError:
            return []
        session = wintypes.DWORD()
        key = ctypes.create_unicode_buffer(33)
        if manager.RmStartSession(ctypes.byref(session), 0, key):
            return []
        try:
            names = (wintypes.LPCWSTR * 1)(path)
            if manager.RmRegisterResources(session, 1, names, 0, None, 0, None):
                return []
            needed, count, reasons = wintypes.UINT(), wintypes.UINT(16), wintypes.DWORD()
            found = (_Info * 16)()
            if manager.RmGetList(
                session,
                ctypes.byref(needed),
                ctypes.byref(count),
                found,
                ctypes.byref(reasons),
            ):
                return []
            return [f"{i.process.pid} {i.name}" for i in found[: count.value]]
        finally:
            manager.RmEndSession(session)

    def held_in(folder: str | os.PathLike[str], most: int = 5) -> list[str]:
        """What is open below a folder, so that it cannot be renamed: a line each, with who holds it.

        Told by asking for each file and folder alone; the first few that are refused.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        found: list[str] = []
        for parent, _, names in os.walk(folder):
            for name in ("", *names):
                path = os.path.join(parent, name) if name else parent
                handle = kernel.CreateFileW(path, _READ, 0, None, _EXISTING, _BACKUP, None)
                if handle != wintypes.HANDLE(-1).value:
                    kernel.CloseHandle(handle)
                elif ctypes.get_last_error() in (32, 33):
                    who = ", ".join(holders_of(path)) if name else ""
                    found.append(f"{path} is open{f' in {who}' if who else ''}")
                    if len(found) >= most:
                        return found
        return found

else:

    def held_in(folder: str | os.PathLike[str], most: int = 5) -> list[str]:
        """Nothing is told here."""
        return []

    def holders_of(path: str) -> list[str]:
        """Nothing is told here."""
        return []


def is_held(error: OSError) -> bool:
    """Whether this failure of Windows may be over in a moment, because somebody holds the file."""
    code = getattr(error, "winerror", None)
    return code in _HELD or (os.name == "nt" and error.errno == errno.ENOTEMPTY)


def while_held(action: Callable[[], T]) -> T:
    """Do it, again and again for `PATIENCE` if somebody holds the file open (Windows).

    Args:
        action: what to do; it can be repeated.

    Raises:
        OSError: of the last try; `details` of an error message can be had from `holders_of`.
    """
    end = time.monotonic() + PATIENCE
    number = 0
    while True:
        try:
            return action()
        except OSError as error:
            if not is_held(error) or time.monotonic() >= end:
                raise
        time.sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        number += 1
