r"""Classify Windows paths: local, network, substituted, or relative to a drive.

cmd.exe, batch files and conda need a path that starts with a drive letter. Other forms are refused
before anything is written. On other systems every path is local.
"""

from __future__ import annotations

import ntpath
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.errors import LinkError, UsageError
from sealenv.layout import is_windows
from sealenv.naming import check_windows_parts
from sealenv.system.registry import Key, this_registry

__all__ = [
    "extended",
    "local_place",
    "longest_path",
    "real_folder",
    "refuse_long_paths",
    "refuse_odd_place",
    "substituted",
]


if sys.platform == "win32":
    import ctypes

    def _device(drive: str) -> str:
        r"""Return the device of a drive; `\??\C:\folder` for a substituted one."""
        buffer = ctypes.create_unicode_buffer(4096)
        length = ctypes.windll.kernel32.QueryDosDeviceW(drive, buffer, len(buffer))
        return buffer.value if length else ""

else:

    def _device(drive: str) -> str:
        """Return nothing: only Windows has drives."""
        return ""


def local_place(text: str) -> Path:
    r"""Return the absolute path for a user's text, with links in its parents resolved.

    Args:
        text: as typed.

    Raises:
        UsageError: a parent is a broken link; on Windows also: the path is relative to a drive
            (`C:env`), on the network (`\\server\share`), or in a system form (`\\?\`, `\\.\`).
    """
    expanded = os.path.expanduser(text)
    if os.name == "nt":
        refuse_odd_place(expanded)
    absolute = Path(os.path.abspath(expanded))
    if os.name == "nt" and not os.path.exists(absolute.anchor):
        raise UsageError(
            f"drive {absolute.drive} does not exist",
            where=text,
            hint="choose a folder on another drive",
        )
    for folder in reversed(absolute.parents):
        if os.path.islink(folder) and not os.path.exists(folder):
            raise UsageError(
                f"{folder} is a broken link",
                where=text,
                hint=f"create {os.path.realpath(folder)}, or choose another folder",
            )
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
        UsageError: see `local_place`; also for a device, or an ending that Windows drops.
    """
    plain = text.replace("/", "\\")
    if plain.startswith(("\\\\?\\", "\\\\.\\", "\\??\\")):
        raise UsageError(
            "this form of a path is not supported",
            where=text,
            hint=f"write it plainly: {plain[4:]}",
        )
    if plain.startswith("\\\\"):
        raise UsageError(
            "this is a network path, which cmd.exe cannot use as its folder",
            where=text,
            hint=r"choose a local folder, or map a drive to it: net use N: \\server\share",
        )
    drive, rest = ntpath.splitdrive(plain)
    if drive and not rest.startswith("\\"):
        raise UsageError(
            f"this path is relative to the current folder of drive {drive}",
            where=text,
            hint=f"write {drive}\\{rest} or .\\{rest}",
        )
    check_windows_parts(rest, text)


def substituted(path: Path | str) -> str | None:
    r"""Return the folder behind the path's drive if `subst` created it.

    Python resolves such a drive, so the real path is written into files. Users should know.
    """
    target = _device(ntpath.splitdrive(str(path))[0]) if os.name == "nt" else ""
    return target[4:] if target.startswith("\\??\\") else None


def extended(path: Path) -> Path:
    r"""Return the form of an absolute Windows path that may be longer than 260 characters.

    It is never shown and never written into a file.
    """
    text = str(path)
    if os.name != "nt" or text.startswith("\\\\") or not path.is_absolute():
        return path
    return Path("\\\\?\\" + text)


_MAX_PATH = 260


def longest_path() -> int | None:
    r"""Return the longest path in characters, without the closing NUL; None for no limit.

    LongPathsEnabled lifts MAX_PATH for programs whose manifest allows it, such as python.exe.
    """
    registry = this_registry()
    if registry is None:
        return None
    key = Key("HKLM", r"SYSTEM\CurrentControlSet\Control\FileSystem")
    try:
        enabled = registry.value(key, "LongPathsEnabled")
    except OSError:
        enabled = None
    return None if enabled and enabled.data == 1 else _MAX_PATH - 1


def refuse_long_paths(prefix: Path, platform: str, owners: Mapping[str, Sequence[str]]) -> None:
    """Refuse paths that Windows without LongPathsEnabled would leave out silently.

    Args:
        prefix: the destination.
        platform: its subdir.
        owners: relative path -> its owners, if they are known.

    Raises:
        LinkError: a path would be too long.
    """
    limit = longest_path()
    if limit is None or not is_windows(platform):
        return
    path = max(owners, key=_longest_of, default="")
    length = len(str(prefix)) + 1 + _longest_of(path)
    if length > limit:
        owner = f" of {owners[path][0]}" if owners[path] else ""
        raise LinkError(
            f"{path!r}{owner} would have a path of {length} characters; this Windows takes {limit}",
            where=str(prefix),
            hint=f"choose a folder that is {length - limit} characters shorter, or have an "
            "administrator set LongPathsEnabled",
        )


def _longest_of(path: str) -> int:
    """Return the length of a path, or of the file that is compiled from it."""
    return len(path) + (len("__pycache__/.cpython-312c") if path.endswith(".py") else 0)
