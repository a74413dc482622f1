"""Delete files and folders, and wait for other processes to close them (Windows).

POSIX deletes and renames a file that a process holds open; Windows does not. Its Restart Manager
reports which processes these are.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sealenv.layout import is_link

PATIENCE = 10.0
"""Seconds to wait for an antivirus or an indexer, which close a new file within a few."""
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
        """List `PID NAME` of each process that holds the file open, if Windows reports any."""
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
        """List the files in a folder that are open, so that it cannot be renamed, and in which process.

        Args:
            folder: a folder.
            most: how many files to list.
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
        """Return nothing: open files do not matter on POSIX."""
        return []

    def holders_of(path: str) -> list[str]:
        """Return nothing: open files do not matter on POSIX."""
        return []


def _is_held(error: OSError) -> bool:
    """Return whether Windows refused because a process has the file open, which may end soon."""
    code = getattr(error, "winerror", None)
    return code in _HELD or (os.name == "nt" and error.errno == errno.ENOTEMPTY)


def while_held(action: Callable[[], T]) -> T:
    """Repeat an action for `PATIENCE` seconds while a process holds the file open (Windows).

    Raises:
        OSError: the last attempt failed.
    """
    end = time.monotonic() + PATIENCE
    number = 0
    while True:
        try:
            return action()
        except OSError as error:
            if not _is_held(error) or time.monotonic() >= end:
                raise
        time.sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
        number += 1


def delete(path: Path) -> None:
    """Delete a file, a link (never its target), or a folder with everything in it.

    Folders of packages may be read-only. On Windows, wait for processes that hold a file open.

    Raises:
        OSError: something could not be deleted; the rest may be gone.
    """
    if is_link(path) or not path.is_dir():
        _unlink(path)
    else:
        shutil.rmtree(path, onerror=_insist)


def _unlink(path: Path) -> None:
    try:
        path.unlink()
    except PermissionError:
        if os.name != "nt":
            raise
        # A junction is removed as a folder; a read-only file only after its attribute.
        if is_link(path):
            path.rmdir()
            return
        path.chmod(stat.S_IWRITE)
        while_held(path.unlink)


def _insist(function: Any, path: str, info: Any) -> None:
    """Try again after the cause is removed: permissions on POSIX, an open handle on Windows."""
    error = info[1]
    if os.name == "nt" and _is_held(error):
        if os.path.isfile(path):
            os.chmod(path, stat.S_IWRITE)
        while_held(lambda: function(path))
        return
    _make_writable(function, path, error)


def _make_writable(function: Any, path: str, error: Exception) -> None:
    """Make a read-only folder of a package writable, then try again once."""
    if not isinstance(error, PermissionError):
        raise error
    parent = os.path.dirname(path)
    for folder in (parent, path):
        if not os.path.islink(folder):
            os.chmod(folder, stat.S_IRWXU | os.lstat(folder).st_mode)
    if function in {os.open, os.scandir, os.lstat}:
        shutil.rmtree(path)
    else:
        function(path)
