"""Whether somebody sits at the other end of a stream."""

from __future__ import annotations

import sys
from typing import TextIO

__all__ = ["is_terminal"]

if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    def is_terminal(stream: TextIO) -> bool:
        """Not isatty(): for the C library of Windows the device NUL is a terminal too."""
        try:
            handle = msvcrt.get_osfhandle(stream.fileno())
        except (OSError, ValueError):
            return False
        kernel = ctypes.windll.kernel32
        kernel.GetConsoleMode.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
        return bool(kernel.GetConsoleMode(handle, ctypes.byref(wintypes.DWORD())))

else:

    def is_terminal(stream: TextIO) -> bool:
        """What isatty(3) says."""
        return stream.isatty()
