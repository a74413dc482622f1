"""Give something another name at one instant, and never the name of something that exists."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

__all__ = ["rename_absent", "rename_new"]

_AT_FDCWD = -100
_NOREPLACE = 1  # RENAME_NOREPLACE, linux/fs.h
_EXCLUSIVE = 4  # RENAME_EXCL, sys/stdio.h of macOS
_UNKNOWN = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


def rename_new(source: Path, target: Path) -> None:
    """Rename a folder; an empty folder at the target makes room for it.

    POSIX rename(2) replaces an empty folder that somebody else has just made. Linux (3.15) and macOS
    (10.12) can be told not to; where a file system cannot, it is looked at before. Windows refuses by
    itself.

    Raises:
        FileExistsError: something is there.
        OSError: as the operating system says; EXDEV: it is another file system.
    """
    emptied = False
    try:
        target.rmdir()
        emptied = True
    except FileNotFoundError:
        pass
    except OSError:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
    try:
        rename_absent(source, target)
    except OSError:
        if emptied:
            target.mkdir()
        raise


def rename_absent(source: Path, target: Path) -> None:
    """Rename a file or folder, where there is nothing at the target.

    Raises:
        FileExistsError: something is there.
        OSError: as the operating system says.
    """
    if sys.platform == "win32":
        os.rename(source, target)
        return
    code = _exclusively(os.fsencode(source), os.fsencode(target))
    if code in _UNKNOWN:
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
        os.rename(source, target)
    elif code:
        raise OSError(code, os.strerror(code), str(source), None, str(target))


def _exclusively(source: bytes, target: bytes) -> int:
    """0, or the errno; ENOSYS where there is no such call."""
    library = ctypes.CDLL(None, use_errno=True)
    failed = 0
    if sys.platform == "linux" and hasattr(library, "renameat2"):
        failed = library.renameat2(_AT_FDCWD, source, _AT_FDCWD, target, _NOREPLACE)
    elif sys.platform == "darwin" and hasattr(library, "renamex_np"):
        failed = library.renamex_np(source, target, _EXCLUSIVE)
    else:
        return errno.ENOSYS
    return ctypes.get_errno() if failed else 0
