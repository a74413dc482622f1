"""Copy single files: as reflinks where the file system can, with mode and times as they are."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import stat
import sys

__all__ = ["copy_file", "copy_link", "set_times"]

Name = str | bytes
_FICLONE = 0x40049409  # linux/fs.h
_CANNOT = frozenset(
    {errno.EOPNOTSUPP, errno.ENOTTY, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EPERM}
)


def copy_file(source: Name, target: Name, status: os.stat_result) -> None:
    """Copy a regular file to where nothing is.

    Args:
        source: no link.
        target: its folder is there.
        status: of the source.

    Raises:
        FileExistsError: something is there.
        OSError: as the operating system says.
    """
    flags = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(source, os.O_RDONLY | flags), "rb") as old:
        fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600)
        with open(fd, "wb") as new:
            if not (status.st_size and _clone(old.fileno(), fd)):
                shutil.copyfileobj(old, new, 1 << 20)
    _copy_attributes(source, target)
    if sys.platform != "win32" and os.geteuid() == 0:
        os.chown(target, status.st_uid, status.st_gid, follow_symlinks=False)
        os.chmod(target, stat.S_IMODE(status.st_mode))
    set_times(target, status)


def _copy_attributes(source: Name, target: Name) -> None:
    shutil.copymode(source, target, follow_symlinks=False)
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError):  # not every file system takes every attribute
        for name in os.listxattr(source, follow_symlinks=False):
            os.setxattr(target, name, os.getxattr(source, name), follow_symlinks=False)


def _clone(source: int, target: int) -> bool:
    """Share the blocks, so that either can be written without the other: FICLONE of Linux."""
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
    """Make the same symbolic link; what it leads to is not looked at.

    Raises:
        OSError: as the operating system says.
    """
    text = os.readlink(os.fsdecode(source))
    os.symlink(text, os.fsdecode(target), target_is_directory=os.path.isdir(source))
    if os.utime in os.supports_follow_symlinks:
        set_times(target, status)


def set_times(path: Name, status: os.stat_result) -> None:
    """Give it the times of another; a link gets its own."""
    times = (status.st_atime_ns, status.st_mtime_ns)
    follow = os.utime not in os.supports_follow_symlinks
    os.utime(path, ns=times, follow_symlinks=follow)
