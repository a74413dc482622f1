"""Which programs run from a folder, on Linux and Windows; elsewhere nothing is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["programs_in"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _psapi = ctypes.WinDLL("psapi")
    _kernel.OpenProcess.restype = wintypes.HANDLE
    _kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel.QueryFullProcessImageNameW.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPWSTR,
        ctypes.POINTER(wintypes.DWORD),
    )
    _QUERY_LIMITED = 0x1000
    _MOST = 16384

    def _programs() -> Iterator[tuple[int, str, str]]:
        """Number, executable and a text to show, of every process that we may ask."""
        numbers = (wintypes.DWORD * _MOST)()
        size = wintypes.DWORD()
        if not _psapi.EnumProcesses(numbers, ctypes.sizeof(numbers), ctypes.byref(size)):
            return
        for pid in numbers[: size.value // ctypes.sizeof(wintypes.DWORD)]:
            program = _program_of(pid)
            if program:
                yield pid, program, program

    def _program_of(pid: int) -> str:
        handle = _kernel.OpenProcess(_QUERY_LIMITED, False, pid)
        if not handle:
            return ""
        try:
            size = wintypes.DWORD(32768)
            text = ctypes.create_unicode_buffer(size.value)
            known = _kernel.QueryFullProcessImageNameW(handle, 0, text, ctypes.byref(size))
            return text.value if known else ""
        finally:
            _kernel.CloseHandle(handle)

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
