"""Standard streams: detect terminals, and survive a closed stderr."""

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
        """Return whether it is a console; isatty() of Windows accepts the device NUL too."""
        try:
            handle = msvcrt.get_osfhandle(stream.fileno())
        except (OSError, ValueError):
            return False
        kernel = ctypes.windll.kernel32
        kernel.GetConsoleMode.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
        return bool(kernel.GetConsoleMode(handle, ctypes.byref(wintypes.DWORD())))

else:

    def is_terminal(stream: TextIO) -> bool:
        """Return what isatty(3) does."""
        return stream.isatty()


class _Raw(io.FileIO):
    """A file that discards writes after the first one that fails."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except OSError:  # the reader has left (on Windows EINVAL), or the disk is full
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.fileno())  # for other writers of the descriptor
            os.close(null)
            return super().write(data)  # type: ignore[arg-type]


def outlive_readers() -> None:
    """Discard lines for stderr that cannot be written, instead of failing.

    A terminal is left alone, because Windows has a special stream for it.
    """
    old = sys.stderr
    if type(old) is not io.TextIOWrapper or old is not sys.__stderr__ or old.isatty():
        return
    old.flush()
    raw = _Raw(old.fileno(), "w", closefd=False)
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=old.encoding, errors=old.errors, line_buffering=True
    )
