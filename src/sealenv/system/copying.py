"""Copy single files with mode and times, as reflinks if the file system supports them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys
from typing import BinaryIO

__all__ = ["bytes_on_disk", "copy_file", "copy_link", "set_owner", "set_times"]

Name = str | bytes
_PIECE = 1 << 20
_FICLONE = 0x40049409  # linux/fs.h
_CANNOT = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)


def copy_file(source: Name, target: Name, status: os.stat_result) -> None:
    """Copy a regular file to a name that does not exist.

    Args:
        source: not a link.
        target: in an existing folder.
        status: of the source.

    Raises:
        FileExistsError: the target exists.
        OSError: it cannot be copied.
    """
    flags = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(source, os.O_RDONLY | flags), "rb") as old:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600)
        with open(fd, "wb") as new:
            if not (status.st_size and _clone(old.fileno(), fd)):
                _copy_bytes(old, new, status)
    _copy_attributes(source, target)
    if set_owner(target, status):
        os.chmod(target, stat.S_IMODE(status.st_mode))
    set_times(target, status)


def _copy_bytes(old: BinaryIO, new: BinaryIO, status: os.stat_result) -> None:
    """Copy the data; holes stay holes."""
    if sys.platform == "win32" or bytes_on_disk(status) == status.st_size:
        shutil.copyfileobj(old, new, _PIECE)
        return
    fd, at = old.fileno(), 0
    while at < status.st_size:
        try:
            start = os.lseek(fd, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # a hole up to the end
                break
            raise
        at = os.lseek(fd, start, os.SEEK_HOLE)
        new.seek(start)
        for begin in range(start, at, _PIECE):
            new.write(os.pread(fd, min(_PIECE, at - begin), begin))
    new.truncate(status.st_size)


def bytes_on_disk(status: os.stat_result) -> int:
    """Return how many bytes of a file are on the disk, without holes and at most its size."""
    blocks = getattr(status, "st_blocks", None)  # of 512 bytes, stat(2); not on Windows
    return status.st_size if blocks is None else min(status.st_size, blocks * 512)


def _copy_attributes(source: Name, target: Name) -> None:
    shutil.copymode(source, target, follow_symlinks=False)
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # not every file system takes every attribute
        for name in os.listxattr(source, follow_symlinks=False):
            os.setxattr(target, name, os.getxattr(source, name), follow_symlinks=False)


def _clone(source: int, target: int) -> bool:
    """Share the blocks until one of the files is written: FICLONE of Linux."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError as error:
        if error.errno in _CANNOT:
            return False
        raise
    return True


def copy_link(source: Name, target: Name, status: os.stat_result) -> None:
    """Copy a symbolic link; its target need not exist.

    Raises:
        OSError: it cannot be created.
    """
    text = os.readlink(os.fsdecode(source))
    os.symlink(text, os.fsdecode(target), target_is_directory=os.path.isdir(source))
    set_owner(target, status)
    if os.utime in os.supports_follow_symlinks:
        set_times(target, status)


def set_owner(path: Name, status: os.stat_result) -> bool:
    """Set the owner from a status and return True, if we are root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return False
    os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    return True


def set_times(path: Name, status: os.stat_result) -> None:
    """Set the times from a status; a link is not followed."""
    times = (status.st_atime_ns, status.st_mtime_ns)
    follow = os.utime not in os.supports_follow_symlinks
    os.utime(path, ns=times, follow_symlinks=follow)
