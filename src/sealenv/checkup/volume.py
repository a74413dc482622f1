"""The file system of a folder, or of the folder where it will be; nothing is written."""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sealenv.system.volumes import substituted

__all__ = ["Volume", "existing", "look_at"]

_MOUNTS = Path("/proc/self/mounts")


@dataclass(frozen=True)
class Volume:
    """What is known of a file system.

    Attributes:
        folder: the nearest folder that is there.
        kind: its name in lower case (`ext4`, `ntfs`, `exfat`); empty: not known.
        free: bytes that we may use.
        noexec: whether no program may be started from it.
        readonly: whether nothing can be written.
        writable: whether we may make something in the folder.
        folds_case: whether `A` and `a` are one file; None: not known.
        remote: whether it is on another machine.
        stands_for: the folder that `subst` gave this drive for.
    """

    folder: Path
    kind: str = ""
    free: int = 0
    noexec: bool = False
    readonly: bool = False
    writable: bool = True
    folds_case: bool | None = None
    remote: bool = False
    stands_for: str | None = None


_REMOTE = re.compile(r"nfs\d?|cifs|smb\w*|sshfs|fuse\.sshfs|9p|afs|ncpfs|fuse\.rclone|davfs|webdav")


def existing(path: Path) -> Path:
    """Return the nearest folder, itself or above it, that exists."""
    for folder in (path, *path.parents):
        if os.path.isdir(folder):
            return folder
    return Path(path.anchor)


def look_at(path: Path, system: str) -> Volume:
    """Return the file system of a folder.

    Raises:
        OSError: as the operating system says.
    """
    folder = existing(path)
    if system == "win32":
        kind, remote = _windows(folder)
        return Volume(
            folder,
            kind,
            shutil.disk_usage(folder).free,
            writable=os.access(folder, os.W_OK),
            remote=remote,
            stands_for=substituted(folder),
        )
    kind = _kind(folder)
    noexec, readonly = _flags(folder)
    return Volume(
        folder,
        kind,
        shutil.disk_usage(folder).free,
        noexec=noexec,
        readonly=readonly,
        writable=os.access(folder, os.W_OK | os.X_OK),
        folds_case=_folds_case(folder),
        remote=bool(_REMOTE.fullmatch(kind)),
    )


if sys.platform == "win32":
    import ctypes

    def _windows(folder: Path) -> tuple[str, bool]:
        """Return the name of the file system, and whether it is remote."""
        kernel = ctypes.windll.kernel32
        drive = folder.anchor
        name = ctypes.create_unicode_buffer(64)
        kernel.GetVolumeInformationW(drive, None, 0, None, None, None, name, len(name))
        drive_remote = 4
        return name.value.lower(), kernel.GetDriveTypeW(drive) == drive_remote

    def _flags(folder: Path) -> tuple[bool, bool]:
        return False, False

else:

    def _windows(folder: Path) -> tuple[str, bool]:
        return "", False

    def _flags(folder: Path) -> tuple[bool, bool]:
        """Mounted noexec, mounted read-only."""
        flags = os.statvfs(folder).f_flag
        # ST_NOEXEC is 8 on Linux and macOS has no name for it: MNT_NOEXEC is 4.
        noexec = getattr(os, "ST_NOEXEC", 4)
        return bool(flags & noexec), bool(flags & os.ST_RDONLY)


def _kind(folder: Path) -> str:
    """Return the name in /proc/self/mounts; empty where it does not exist, as on macOS."""
    try:
        lines = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
        device = os.stat(folder).st_dev
    except OSError:
        return ""
    real = os.path.realpath(folder)
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1])
        below = real == place or real.startswith(place.rstrip("/") + "/")
        if below and len(place) >= len(best):
            best, kind = place, fields[2].lower()
    return kind if best and _device(best) == device else ""


def _device(place: str) -> int | None:
    try:
        return os.stat(place).st_dev
    except OSError:
        return None


def _folds_case(folder: Path) -> bool | None:
    """Return whether the file system ignores case; None: the path has no letters to try it with."""
    for path in (folder, *folder.parents):
        other = path.with_name(path.name.swapcase()) if path.name else path
        if other != path:
            if os.stat(path).st_dev != os.stat(folder).st_dev:
                return None
            try:
                return os.path.samestat(os.stat(path), os.stat(other))
            except OSError:
                return False
    return None
