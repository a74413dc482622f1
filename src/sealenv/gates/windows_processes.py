"""The processes of Windows, and those above this one: a snapshot of all, and each one's program.

`CreateToolhelp32Snapshot` names parents by number, and a number may be used again after its process
has ended: a parent that began after its child is none.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator

__all__ = ["processes_above", "programs"]

if sys.platform == "win32":
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32W."""

        _fields_ = (
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("pid", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("name", wintypes.WCHAR * 260),
        )

    _kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
    _kernel.CreateToolhelp32Snapshot.argtypes = (wintypes.DWORD, wintypes.DWORD)
    _kernel.Process32FirstW.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Entry))
    _kernel.Process32NextW.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Entry))
    _kernel.OpenProcess.restype = wintypes.HANDLE
    _kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel.QueryFullProcessImageNameW.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPWSTR,
        ctypes.POINTER(wintypes.DWORD),
    )
    _kernel.GetProcessTimes.argtypes = (
        wintypes.HANDLE,
        *(ctypes.POINTER(wintypes.FILETIME),) * 4,
    )
    _SNAP_PROCESSES = 0x2
    _QUERY_LIMITED = 0x1000
    _INVALID = ctypes.c_void_p(-1).value

    def processes_above(depth: int) -> Iterator[tuple[int, str, str]]:
        """Number, name and program of each, from the parent upwards; at most `depth`."""
        known = _snapshot()
        pid = os.getpid()
        _, born = _asked(pid)
        for _ in range(depth):
            parent = known.get(pid, (0, ""))[0]
            if parent in (0, 4) or parent not in known:
                return
            exe, began = _asked(parent)
            if began and born and began > born:
                return
            yield parent, known[parent][1], exe
            pid, born = parent, began or born

    def programs() -> Iterator[tuple[int, str]]:
        """Number and program of every process that we may ask."""
        for pid in _snapshot():
            exe, _ = _asked(pid)
            if exe:
                yield pid, exe

    def _snapshot() -> dict[int, tuple[int, str]]:
        """Number -> number of the parent, and name."""
        found: dict[int, tuple[int, str]] = {}
        handle = _kernel.CreateToolhelp32Snapshot(_SNAP_PROCESSES, 0)
        if handle == _INVALID:
            return found
        try:
            entry = _Entry(size=ctypes.sizeof(_Entry))
            more = _kernel.Process32FirstW(handle, ctypes.byref(entry))
            while more:
                found[entry.pid] = (entry.parent, entry.name)
                more = _kernel.Process32NextW(handle, ctypes.byref(entry))
        finally:
            _kernel.CloseHandle(handle)
        return found

    def _asked(pid: int) -> tuple[str, int]:
        """The program's path and when it began; empty and 0 where it may not be asked."""
        handle = _kernel.OpenProcess(_QUERY_LIMITED, False, pid)
        if not handle:
            return "", 0
        try:
            size = wintypes.DWORD(32768)
            text = ctypes.create_unicode_buffer(size.value)
            told = _kernel.QueryFullProcessImageNameW(handle, 0, text, ctypes.byref(size))
            times = [wintypes.FILETIME() for _ in range(4)]
            known = _kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in times))
            began = times[0].dwHighDateTime << 32 | times[0].dwLowDateTime if known else 0
            return (text.value if told else ""), began
        finally:
            _kernel.CloseHandle(handle)

else:

    def processes_above(depth: int) -> Iterator[tuple[int, str, str]]:
        """Nothing: there is none of this here."""
        del depth
        return iter(())

    def programs() -> Iterator[tuple[int, str]]:
        """Nothing, likewise."""
        return iter(())
