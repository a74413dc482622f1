"""A large file that is written under another name until it is whole; what a killed run left goes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sealenv.layout import is_link
from sealenv.system.filelock import open_removable, try_lock
from sealenv.system.tempname import PART, final_path, temporary_path, told_of

__all__ = ["partial_file"]


@contextlib.contextmanager
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """A new file beside `path` that replaces it when the block ends well, and else is gone.

    It is locked while its writer lives, so that whoever writes to the same path next can tell what a
    dead one left (`.NAME.<16 hex>.part`), and deletes that.

    Raises:
        OSError: as the operating system says.
    """
    _sweep(path)
    file, partial = _locked(path)
    try:
        with told_of(path, partial), file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, path)  # still locked: nobody takes it for a dead one's
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _locked(path: Path) -> tuple[BinaryIO, Path]:
    while True:
        partial = Path(temporary_path(os.fspath(path), PART))
        with told_of(path, partial):
            fd = _new(partial)
        if try_lock(fd) and partial.exists():
            return os.fdopen(fd, "wb"), partial
        os.close(fd)  # it was swept in the instant before it was locked


def _new(partial: Path) -> int:
    if sys.platform == "win32":
        return open_removable(partial, new=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(partial, flags, 0o666)


def _sweep(path: Path) -> None:
    """Delete what dead writers of this very path left; what cannot be told or deleted stays."""
    for found in path.parent.iterdir():
        if final_path(found.name, PART) != path.name or is_link(found) or not found.is_file():
            continue
        with contextlib.suppress(OSError):
            fd = open_removable(found, new=False)
            try:
                if try_lock(fd):
                    found.unlink(missing_ok=True)
            finally:
                os.close(fd)
