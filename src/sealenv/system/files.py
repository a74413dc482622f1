"""Replace a file at one instant."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

from sealenv.errors import NotFoundError, OutputExistsError
from sealenv.system.tempname import temporary_path, told_of

__all__ = [
    "MOST",
    "OF_ALL",
    "check_output",
    "keep_owner",
    "open_regular",
    "read_known",
    "read_regular",
    "replace_like",
    "write_atomic",
    "write_output",
]

OF_ALL = frozenset(
    {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EROFS, errno.EIO, errno.EMFILE}
)
"""What the file system says of one path, and would say of the next one too."""
MOST = 64 << 20
"""Bytes of a record, a seal or the like: more is damage, and is not read into memory."""


def open_regular(path: str | bytes | os.PathLike[str], *, follow: bool = True) -> BufferedReader:
    """A file in a prefix, where anything may lie: a FIFO or a device is never waited for.

    Args:
        path: of the file.
        follow: a link to one will do; on Windows it always does.

    Raises:
        OSError: it is not a regular file, nor a link to one, or cannot be read.
    """
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
    flags |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    file = open(os.open(path, flags), "rb")  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(path))
    return file


def read_regular(path: str | bytes | os.PathLike[str], *, most: int = MOST) -> bytes:
    """The bytes of such a file, which is held in memory whole.

    Args:
        path: of the file.
        most: how many bytes it may have.

    Raises:
        OSError: see `open_regular`; or it is larger.
    """
    return read_known(path, most=most)[0]


def read_known(
    path: str | bytes | os.PathLike[str], *, most: int = MOST
) -> tuple[bytes, os.stat_result]:
    """The same, and the status that it had as it was opened."""
    with open_regular(path) as file:
        status = os.fstat(file.fileno())
        if status.st_size > most:
            raise OSError(errno.EFBIG, f"it has more than {most >> 20} MiB", os.fspath(path))
        return file.read(), status


def write_atomic(
    path: Path, data: bytes, *, mode: int = 0o666, durable: bool = False, new: bool = False
) -> None:
    """Replace a file at one instant; its mode is `mode` less the umask, its owner that of the old one.

    A link in its place is replaced, never followed; a failure leaves the old file and nothing else. As
    root it gets the owner of what it replaces, else that of its folder: what root does in the
    environment of a user stays the user's.

    Args:
        path: of the file.
        data: what it is to hold.
        mode: less the umask.
        durable: it is on the disk before it is in place: a crash of the machine leaves no empty file.
        new: nothing is replaced.

    Raises:
        FileExistsError: something is there that should not, if it is to be new.
        OSError: as the operating system says.
    """
    partial = temporary_path(os.fspath(path))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    with told_of(path, partial):
        fd = os.open(partial, flags | getattr(os, "O_BINARY", 0), mode)
    try:
        with told_of(path, partial), os.fdopen(fd, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        replaces = os.path.lexists(path)
        if replaces or (sys.platform != "win32" and os.geteuid() == 0):
            keep_owner(partial, os.lstat(path if replaces else path.parent))
        if new:
            from sealenv.system.renaming import rename_absent

            rename_absent(Path(partial), path)
        else:
            os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise


def replace_like(
    path: str | bytes, data: bytes | Callable[[BinaryIO], object], status: os.stat_result
) -> None:
    """Replace a file at one instant by one with other bytes and the same mode, owner and time.

    The time stays, because compiled files compare it with that of their source.

    Args:
        path: a regular file; a link in its place is replaced, never followed.
        data: what it is to hold; or what writes that into a file.
        status: of the file as it is.

    Raises:
        OSError: as the operating system says; the old file is there, and nothing else.
    """
    plain = os.fsdecode(path)
    partial = temporary_path(plain)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    fd = os.open(partial, flags | getattr(os, "O_BINARY", 0), 0o600)
    try:
        with os.fdopen(fd, "wb") as file:
            if callable(data):
                data(file)
            else:
                file.write(data)
        keep_owner(partial, status)
        os.chmod(partial, stat.S_IMODE(status.st_mode) | (stat.S_IWRITE if os.name == "nt" else 0))
        os.utime(partial, ns=(status.st_atime_ns, status.st_mtime_ns))
        if os.name == "nt" and not status.st_mode & stat.S_IWRITE:
            os.chmod(plain, stat.S_IWRITE)  # Windows replaces no file that is read-only
        os.replace(partial, plain)
        if os.name == "nt" and not status.st_mode & stat.S_IWRITE:
            os.chmod(plain, stat.S_IREAD)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def keep_owner(path: str, status: os.stat_result) -> None:
    """Give a new file the owner of the one that it replaces, as far as we may."""
    if sys.platform == "win32":
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        with contextlib.suppress(PermissionError):  # a group that is not one of ours
            os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)


def write_output(path: Path, data: bytes, *, force: bool = False, mode: int = 0o666) -> None:
    """Write a file that the user named, if nothing is there or it may be replaced.

    Args:
        path: where.
        data: what.
        force: a plain file there may be replaced; a link or a folder never is.
        mode: of the file, less the umask.

    Raises:
        OutputExistsError: something is there.
        NotFoundError: its folder is not there.
        OSError: as the operating system says.
    """
    check_output(path, force=force)
    write_atomic(path, data, mode=mode)


def check_output(path: Path, *, force: bool = False) -> None:
    """Whether `write_output` would write: to be asked before long work.

    Raises:
        OutputExistsError: something is there that may not be replaced.
        NotFoundError: its folder is not there.
    """
    if not path.parent.is_dir():
        raise NotFoundError(
            "the folder to write into is not there",
            where=str(path.parent),
            hint="make it first, or name another one with -o",
        )
    if path.is_symlink():
        raise OutputExistsError(
            "there is a link, and it is not written through",
            where=str(path),
            hint="name the file it leads to, or another one, with -o",
        )
    if os.path.lexists(path) and not path.is_file():
        raise OutputExistsError(
            "there is a folder" if path.is_dir() else "there is something that is not a plain file",
            where=str(path),
            hint="name another one with -o",
        )
    if os.path.lexists(path) and not force:
        raise OutputExistsError(
            "there is a file already",
            where=str(path),
            hint="name another one with -o, or --force",
        )
