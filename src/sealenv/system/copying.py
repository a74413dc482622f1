"""Copy single files and links with mode, owner and times."""

from __future__ import annotations

import os
import shutil
import stat
import sys

from sealenv.system.files import open_regular

__all__ = ["copy_file", "copy_link", "set_owner", "set_times"]

Name = str | bytes
_PIECE = 1 << 20


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
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with (
        open_regular(source, follow=False) as old,
        open(os.open(target, flags, 0o600), "wb") as new,
    ):
        shutil.copyfileobj(old, new, _PIECE)
    shutil.copystat(source, target)
    if set_owner(target, status):
        os.chmod(target, stat.S_IMODE(status.st_mode))


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
