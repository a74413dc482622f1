"""The end of a process whose threads are not ours to stop."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

__all__ = ["leave_now"]

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _kernel = ctypes.WinDLL("kernel32")
    _kernel.GetCurrentProcess.restype = wintypes.HANDLE
    _kernel.TerminateProcess.argtypes = [wintypes.HANDLE, wintypes.UINT]


def leave_now(code: int) -> NoReturn:
    """End this process here and now: no handler runs, and nothing is flushed.

    With native threads of others alive (py-rattler's) a usual exit can crash. On Windows `os._exit` too
    is more than an end: it is ExitProcess, which stops the other threads wherever they are, and
    then calls every DLL; one that waits for a lock of a stopped thread waits for ever (Microsoft,
    "ExitProcess function"). TerminateProcess calls nobody.

    Args:
        code: the exit code, 0 to 255.
    """
    if sys.platform == "win32":
        _kernel.TerminateProcess(_kernel.GetCurrentProcess(), code)
    os._exit(code)
