"""The file system of a folder, or of the folder in which it will be made. Nothing is written."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Volume", "look_at"]

_REMOTE = re.compile(r"nfs\d?|cifs|smb\w*|(?:fuse\.)?sshfs|9p|afs|ncpfs|fuse\.rclone|davfs|webdav")


@dataclass(frozen=True)
class Volume:
    """What is known about a file system.

    Attributes:
        folder: the nearest existing folder.
        kind: its name in lower case (`ext4`, `ntfs`, `exfat`); empty if it is not known.
        free: the bytes that this user may use.
        noexec: whether programs cannot be started from it.
        readonly: whether it is mounted read-only.
        writable: whether this user may write in the folder.
        remote: whether it is on another machine.
    """

    folder: Path
    kind: str = ""
    free: int = 0
    noexec: bool = False
    readonly: bool = False
    writable: bool = True
    remote: bool = False


def look_at(path: Path) -> Volume:
    """Return the file system of a folder.

    Raises:
        OSError: as the operating system says.
    """
    folder = next((f for f in (path, *path.parents) if os.path.isdir(f)), Path(path.anchor))
    kind, options = _mount_of(Path(os.path.realpath(folder)))
    return Volume(
        folder,
        kind,
        shutil.disk_usage(folder).free,
        noexec="noexec" in options,
        readonly="ro" in options,
        writable=os.access(folder, os.W_OK | os.X_OK),
        remote=bool(_REMOTE.fullmatch(kind)) or "remote" in options or str(folder)[:2] == r"\\",
    )


def _mount_of(folder: Path) -> tuple[str, list[str]]:
    """Return the kind of the file system that a folder is on, and its mount options."""
    import psutil

    above = [m for m in psutil.disk_partitions(all=True) if folder.is_relative_to(m.mountpoint)]
    if not above:
        return "", []
    # Of two mounts at one place the later one is visible.
    deepest = max(reversed(above), key=lambda mount: len(mount.mountpoint))
    return deepest.fstype.lower(), deepest.opts.split(",")
