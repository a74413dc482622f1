r"""Resolve the paths that users type, and refuse those that Windows cannot use.

cmd.exe, batch files and conda need a path that starts with a drive letter. Other forms are refused
before anything is written.
"""

from __future__ import annotations

import ntpath
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.errors import FilesystemError, LinkError, UsageError
from sealenv.layout import is_windows
from sealenv.naming import check_windows_parts

_SPARE = 16 << 20
"""Bytes that must stay free on the disk."""


def local_place(text: str) -> Path:
    """Return the absolute path for a user's text, with links in its parents resolved.

    Raises:
        UsageError: see `refuse_odd_place`; on Windows also: the drive does not exist.
    """
    expanded = os.path.expanduser(text)
    if os.name == "nt":
        refuse_odd_place(expanded)
    absolute = Path(os.path.abspath(expanded))
    if os.name == "nt" and not os.path.exists(absolute.anchor):
        hint = "choose a folder on another drive"
        raise UsageError(f"drive {absolute.drive} does not exist", where=text, hint=hint)
    return real_folder(absolute.parent) / absolute.name


def real_folder(path: Path) -> Path:
    """Resolve links in a folder, but keep a drive that is mapped to a network share.

    cmd.exe cannot work in `\\\\server\\share`, so users map a drive to it.
    """
    real = os.path.realpath(path)
    absolute = os.path.abspath(path)
    return Path(absolute if real.startswith("\\\\") and absolute[1:2] == ":" else real)


def refuse_odd_place(text: str) -> None:
    r"""Refuse an unusual Windows path by its text alone, on every system.

    Raises:
        UsageError: it is on the network (`\\server\share`), in a system form (`\\?\`), relative to
            a drive (`C:env`), a device, or has an ending that Windows drops.
    """
    plain = text.replace("/", "\\")
    drive, rest = ntpath.splitdrive(plain)
    if plain.startswith(("\\\\", "\\??\\")) or (drive and not rest.startswith("\\")):
        raise UsageError(
            "cmd.exe cannot use this form of a path",
            where=text,
            hint=r"write it as C:\folder; to use a network folder, map a drive to it: "
            r"net use N: \\server\share",
        )
    check_windows_parts(rest, text)


def extended(path: Path) -> Path:
    r"""Return the form of an absolute Windows path that may be longer than 260 characters.

    It is never shown and never written into a file.
    """
    text = str(path)
    if os.name != "nt" or text.startswith("\\\\") or not path.is_absolute():
        return path
    return Path("\\\\?\\" + text)


def existing_parent(place: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    return next((folder for folder in (place, *place.parents) if folder.is_dir()), place)


def refuse_full(place: Path, needed: int) -> None:
    """Refuse to write that many bytes to a disk with less free space.

    Raises:
        FilesystemError: the disk is full.
    """
    folder = existing_parent(place)
    free = shutil.disk_usage(folder).free
    needed += _SPARE
    if free < needed:
        raise FilesystemError(
            f"the disk is full: {needed >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(folder),
            hint="make room, then run the same command again",
        )


_LONGEST = 259
"""Characters of a path without LongPathsEnabled. That setting lifts the limit for programs whose
manifest allows it, such as python.exe."""


def refuse_long_paths(prefix: Path, platform: str, owners: Mapping[str, Sequence[str]]) -> None:
    """Refuse paths that Windows without LongPathsEnabled would leave out silently.

    Args:
        prefix: the destination.
        platform: its subdir.
        owners: relative path -> its owners, if they are known.

    Raises:
        LinkError: a path would be too long.
    """
    if os.name != "nt" or not is_windows(platform):
        return
    from sealenv.system.registry import long_paths_enabled, this_registry

    registry = this_registry()
    if registry is None or long_paths_enabled(registry):
        return
    path = max(owners, key=_longest_of, default="")
    length = len(str(prefix)) + 1 + _longest_of(path)
    if length > _LONGEST:
        owner = f" of {owners[path][0]}" if owners[path] else ""
        raise LinkError(
            f"{path!r}{owner} would have a path of {length} characters; this Windows takes {_LONGEST}",
            where=str(prefix),
            hint=f"choose a folder that is {length - _LONGEST} characters shorter, or have an "
            "administrator set LongPathsEnabled",
        )


def _longest_of(path: str) -> int:
    """Return the length of a path, or of the file that is compiled from it."""
    return len(path) + (len("__pycache__/.cpython-312c") if path.endswith(".py") else 0)
