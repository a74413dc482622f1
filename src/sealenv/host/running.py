"""Which programs run from a folder: what Linux and Windows tell; elsewhere nothing is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["programs_in"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _QUERY = 0x1000  # PROCESS_QUERY_LIMITED_INFORMATION
    _SNAPPROCESS = 0x2

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32W (tlhelp32.h)."""

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

    def _programs() -> Iterator[tuple[int, str, str]]:
        """Number, executable and a text to show, of every process that we may ask."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
        kernel.OpenProcess.restype = wintypes.HANDLE
        for function in (kernel.Process32FirstW, kernel.Process32NextW):
            function.argtypes = (wintypes.HANDLE, ctypes.c_void_p)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        kernel.QueryFullProcessImageNameW.argtypes = (
            wintypes.HANDLE,
            wintypes.DWORD,
            wintypes.LPWSTR,
            ctypes.POINTER(wintypes.DWORD),
        )
        entry = _Entry(size=ctypes.sizeof(_Entry))
        snapshot = kernel.CreateToolhelp32Snapshot(_SNAPPROCESS, 0)
        try:
            more = kernel.Process32FirstW(snapshot, ctypes.byref(entry))
            while more:
                process = kernel.OpenProcess(_QUERY, False, entry.pid)
                if process:
                    path = ctypes.create_unicode_buffer(32768)
                    size = wintypes.DWORD(len(path))
                    if kernel.QueryFullProcessImageNameW(process, 0, path, ctypes.byref(size)):
                        yield entry.pid, path.value, path.value
                    kernel.CloseHandle(process)
                more = kernel.Process32NextW(snapshot, ctypes.byref(entry))
        finally:
            kernel.CloseHandle(snapshot)

else:

    def _programs() -> Iterator[tuple[int, str, str]]:
        """Number, executable and command line of every process that we may see."""
        if not sys.platform.startswith("linux"):
            return
        for process in Path("/proc").glob("[0-9]*"):
            try:
                program = os.readlink(process / "exe")
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it ended, or is another user's
            command = b" ".join(words).decode(errors="replace").strip()
            yield int(process.name), program, command[:80]


def programs_in(folder: Path) -> list[str]:
    """One `PID COMMAND` for each process whose program lies in the folder.

    Processes of other users can only be seen by an administrator. Empty where the system is neither
    Linux nor Windows.
    """
    root = os.path.normcase(os.path.join(os.path.realpath(folder), ""))
    own = os.getpid()
    return [
        f"{pid} {text}"
        for pid, program, text in _programs()
        if pid != own and os.path.normcase(program).startswith(root)
    ]
