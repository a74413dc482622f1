"""Files under a temporary name until they are complete: `.NAME.<16 hex>` in the same folder."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sealenv.layout import is_link
from sealenv.system.filelock import open_removable, try_lock

__all__ = ["PART", "blame", "final_path", "partial_file", "temporary_path"]

PART = ".part"
"""The suffix of a large file that takes long to write."""
_WRITING = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG})
"""Errors of writing, which name no file."""
_TEMPORARY = re.compile(
    r"(?P<folder>(?:.*/)?)\.(?P<name>[^/]+)\.[0-9a-f]{16}(?P<suffix>\.part)?", re.DOTALL
)


def temporary_path(path: str, suffix: str = "") -> str:
    """Return a path beside `path` for a file that will replace it.

    Args:
        path: the file to replace.
        suffix: `PART` or empty.
    """
    folder, name = os.path.split(path)
    return os.path.join(folder, f".{name}.{os.urandom(8).hex()}{suffix}")


def final_path(path: str, suffix: str = "") -> str | None:
    """Return the file that a temporary one was going to replace; None for any other name.

    Args:
        path: a name, or a relative path with slashes.
        suffix: `PART` or empty.
    """
    found = _TEMPORARY.fullmatch(path)
    if found is None or (found["suffix"] or "") != suffix:
        return None
    return found["folder"] + found["name"]


@contextlib.contextmanager
def blame(path: str | os.PathLike[str], partial: str | os.PathLike[str]) -> Iterator[None]:
    """Let errors about the temporary file name the final one.

    Args:
        path: the final file.
        partial: the temporary one.

    Raises:
        OSError: the same error, with that name.
    """
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None and error.errno in _WRITING
        if unnamed or (error.filename == os.fspath(partial) and error.filename2 is None):
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` if the block succeeds, and is removed otherwise.

    It is locked while its writer lives, so that the next writer can recognize and delete the remains
    of a killed one (`.NAME.<16 hex>.part`).

    Raises:
        OSError: it cannot be written.
    """
    _delete_remains(path)
    file, partial = _locked(path)
    try:
        with blame(path, partial), file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(partial, path)  # while it is locked
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _locked(path: Path) -> tuple[BinaryIO, Path]:
    while True:
        partial = Path(temporary_path(os.fspath(path), PART))
        with blame(path, partial):
            fd = _new(partial)
        if try_lock(fd) and partial.exists():
            return os.fdopen(fd, "wb"), partial
        os.close(fd)  # another writer deleted it in the instant before it was locked


def _new(partial: Path) -> int:
    if sys.platform == "win32":
        return open_removable(partial, new=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.open(partial, flags, 0o666)


def _delete_remains(path: Path) -> None:
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
