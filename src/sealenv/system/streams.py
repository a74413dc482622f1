"""Standard streams: whether one is a terminal, and a stderr whose reader may leave."""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

__all__ = ["is_terminal", "outlive_readers"]


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


class _Raw(io.FileIO):
    """A file that loses what nobody reads any more."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:  # nobody reads it (on Windows EINVAL), or it is a file on a full disk
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())  # for what writes there besides us too
            os.close(null)
            return super().write(data)  # type: ignore[arg-type]


def outlive_readers() -> None:
    """From now on a line on stderr that cannot be written is lost, and ends nothing.

    A terminal stays as it is: there Windows has a stream of its own.
    """
    old = sys.stderr
    if type(old) is not io.TextIOWrapper or old is not sys.__stderr__ or old.isatty():
        return
    old.flush()
    raw = _Raw(old.fileno(), "w", closefd=False)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=old.encoding, errors=old.errors, line_buffering=True
    )
