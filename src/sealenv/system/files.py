"""Read files that may be anything, write and rename them at one instant.

A file has a temporary name until it is complete: `.NAME.<16 hex>` in the same folder.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from sealenv.errors import NotFoundError, OutputExistsError

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
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file that replaces `path` if the block succeeds, and is removed otherwise.

    What a killed writer has left (`.NAME.<16 hex>.part`) is deleted first.

    Raises:
        OSError: it cannot be written.
    """
    for found in path.parent.iterdir():
        if final_path(found.name, PART) == path.name:
            with contextlib.suppress(OSError):
                found.unlink()
    with _temporary(path, 0o666, PART) as (file, partial):
        yield file
        file.flush()
        os.fsync(file.fileno())
        file.close()
        os.replace(partial, path)


OF_ALL = frozenset(
    {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS, errno.EIO, errno.EMFILE}
)
"""Errors that concern the whole file system or process, not one file."""
MOST = 64 << 20
"""The largest record or seal in bytes that is read into memory."""
_OCCUPIED = frozenset({errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR})


def open_once(
    path: str | bytes | os.PathLike[str], *, follow: bool = False
) -> tuple[int, os.stat_result]:
    """Open a regular file and return its descriptor and status; never wait for a FIFO.

    Args:
        path: the file.
        follow: accept a link to a file; on Windows links are always followed.

    Raises:
        OSError: it cannot be opened, or is not a regular file.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    fd = os.open(path, flags | (0 if follow else getattr(os, "O_NOFOLLOW", 0)))
    status = os.fstat(fd)
    if not stat.S_ISREG(status.st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return fd, status


def open_regular(path: str | bytes | os.PathLike[str], *, follow: bool = True) -> BufferedReader:
    """Open a regular file as `open_once` does, for reading."""
    return open(open_once(path, follow=follow)[0], "rb")


def read_regular(path: str | bytes | os.PathLike[str], *, most: int = MOST) -> bytes:
    """Read a regular file.

    Args:
        path: the file.
        most: its largest size in bytes.

    Raises:
        OSError: it is larger, is not a regular file, or cannot be read.
    """
    with open_regular(path) as file:
        if os.fstat(file.fileno()).st_size > most:
            raise OSError(errno.EFBIG, f"it has more than {most >> 20} MiB", os.fspath(path))
        return file.read()


def write_atomic(path: Path, data: bytes, *, mode: int = 0o666, durable: bool = False) -> None:
    """Replace a file at one instant, or leave the old one and nothing else.

    A link is replaced, never followed. As root, the file gets the owner of the one that it replaces, or
    of its folder: what root does in a user's environment still belongs to the user.

    Args:
        path: the file.
        data: its new content.
        mode: of the file, less the umask.
        durable: flush it to the disk first, so that a crash of the machine leaves no empty file.

    Raises:
        OSError: it cannot be written.
    """
    with _temporary(path, mode) as (file, partial):
        with file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        replaces = os.path.lexists(path)
        if replaces or (sys.platform != "win32" and os.geteuid() == 0):
            keep_owner(partial, os.lstat(path if replaces else path.parent))
        os.replace(partial, path)


def replace_like(
    path: str | bytes, data: bytes | Callable[[BinaryIO], object], status: os.stat_result
) -> None:
    """Replace a file at one instant by one with the same mode, owner and time.

    The time stays, because compiled files compare it with that of their source.

    Args:
        path: a regular file; a link is replaced, never followed.
        data: its new content, or a function that writes it.
        status: of the old file.

    Raises:
        OSError: it cannot be replaced; the old file is unchanged.
    """
    plain = os.fsdecode(path)
    read_only = os.name == "nt" and not status.st_mode & stat.S_IWRITE
    with _temporary(plain, 0o600) as (file, partial):
        with file:
            if callable(data):
                data(file)
            else:
                file.write(data)
        keep_owner(partial, status)
        os.chmod(partial, stat.S_IMODE(status.st_mode) | (stat.S_IWRITE if read_only else 0))
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        if read_only:
            os.chmod(plain, stat.S_IWRITE)  # Windows does not replace a read-only file
        os.replace(partial, plain)
        if read_only:
            os.chmod(plain, stat.S_IREAD)


@contextlib.contextmanager
def _temporary(
    path: str | os.PathLike[str], mode: int, suffix: str = ""
) -> Iterator[tuple[BinaryIO, str]]:
    """Yield a new file beside `path` and its name; remove it if the block fails.

    Raises:
        OSError: an error about the new file names `path`.
    """
    partial = temporary_path(os.fspath(path), suffix)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(partial, flags | getattr(os, "O_BINARY", 0), mode), "wb") as file:
            yield file, partial
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        if isinstance(error, OSError):
            unnamed = error.filename is None and error.errno in _WRITING
            if unnamed or (error.filename == partial and error.filename2 is None):
                error.filename = os.fspath(path)
        raise


def keep_owner(path: str, status: os.stat_result) -> None:
    """Give a new file the owner of the one that it replaces, if we are allowed to."""
    if sys.platform == "win32":
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # a group that is not one of ours
            os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)


def write_output(path: Path, data: bytes, *, force: bool = False, mode: int = 0o666) -> None:
    """Write a file that the user named.

    Args:
        path: the file.
        data: its content.
        force: replace an existing file; a link or a folder is never replaced.
        mode: of the file, less the umask.

    Raises:
        OutputExistsError: something exists there.
        NotFoundError: its folder does not exist.
        OSError: it cannot be written.
    """
    check_output(path, force=force)
    write_atomic(path, data, mode=mode)


def check_output(path: Path, *, force: bool = False) -> None:
    """Refuse before long work what `write_output` would refuse.

    Raises:
        OutputExistsError: something exists there that must not be replaced.
        NotFoundError: its folder does not exist.
    """
    if not path.parent.is_dir():
        raise NotFoundError(
            "the output folder does not exist",
            where=str(path.parent),
            hint="create it, or choose another file with -o",
        )
    if path.is_symlink() or (os.path.lexists(path) and not path.is_file()):
        raise OutputExistsError(
            "the output is a link, a folder or a device, which sealenv does not replace",
            where=str(path),
            hint="choose another file with -o",
        )
    if os.path.lexists(path) and not force:
        raise OutputExistsError(
            "the output file already exists",
            where=str(path),
            hint="choose another file with -o, or overwrite it with --force",
        )


def rename_new(source: Path, target: Path) -> None:
    """Rename a folder; an empty folder at the target is replaced.

    Raises:
        FileExistsError: something exists at the target.
        OSError: it cannot be renamed; EXDEV: it is another file system.
    """
    if os.name == "nt":  # rename(2) replaces an empty folder itself
        with contextlib.suppress(OSError):
            target.rmdir()
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno in _OCCUPIED:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target)) from None
        raise
