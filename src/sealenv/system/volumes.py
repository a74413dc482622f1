r"""What kind of place a Windows path is: local, network, substituted, or relative to a drive.

cmd.exe, batch files and conda want a path that starts with a drive letter. What else Windows accepts
gets a clear answer here, before anything is written. On other systems every path is local.
"""

from __future__ import annotations

import ntpath
import os
import sys
from pathlib import Path

from sealenv.errors import UsageError
from sealenv.naming import check_windows_parts

__all__ = [
    "extended",
    "local_place",
    "longest_path",
    "real_folder",
    "refuse_odd_place",
    "substituted",
]


if sys.platform == "win32":
    import ctypes

    def _device(drive: str) -> str:
        r"""What a drive is in the object manager; `\??\C:\folder` for a substituted one."""
        buffer = ctypes.create_unicode_buffer(4096)
        length = ctypes.windll.kernel32.QueryDosDeviceW(drive, buffer, len(buffer))
        return buffer.value if length else ""

else:

    def _device(drive: str) -> str:
        """No drives here."""
        return ""


def local_place(text: str) -> Path:
    r"""The absolute path that a user's text means, its parents without links.

    Args:
        text: as it was typed, `~` expanded.

    Raises:
        UsageError: a folder above is a link that leads nowhere; on Windows also: relative to a drive
            (`C:env`), a network path (`\\server\share`), or one that only the system takes (`\\?\`,
            `\\.\`).
    """
    expanded = os.path.expanduser(text)
    if os.name == "nt":
        refuse_odd_place(expanded)
    absolute = Path(os.path.abspath(expanded))
    if os.name == "nt" and not os.path.exists(absolute.anchor):
        raise UsageError(
            f"there is no drive {absolute.drive}",
            where=text,
            hint="choose a folder of a drive that is",
        )
    for folder in reversed(absolute.parents):
        if os.path.islink(folder) and not os.path.exists(folder):
            raise UsageError(
                f"{folder} is a link that leads nowhere: nothing is made where it points",
                where=text,
                hint=f"make {os.path.realpath(folder)}, or name another folder",
            )
    return real_folder(absolute.parent) / absolute.name


def real_folder(path: Path) -> Path:
    """The folder without links, but with its drive where that leads to a network share.

    cmd.exe cannot work in `\\\\server\\share`, so that users map a drive to it.
    """
    real = os.path.realpath(path)
    absolute = os.path.abspath(path)
    return Path(absolute if real.startswith("\\\\") and absolute[1:2] == ":" else real)


def refuse_odd_place(text: str) -> None:
    r"""Refuse a Windows path that is not a plain one. Pure text: works on every system.

    Raises:
        UsageError: see `local_place`; also a device or an ending that Windows drops.
    """
    plain = text.replace("/", "\\")
    if plain.startswith(("\\\\?\\", "\\\\.\\", "\\??\\")):
        raise UsageError(
            "this form of a path is only for the system's own use",
            where=text,
            hint=f"write it plainly: {plain[4:]}",
        )
    if plain.startswith("\\\\"):
        raise UsageError(
            "this is a path in the network: cmd.exe cannot use it as its folder",
            where=text,
            hint=r"choose a local folder, or give it a letter first: net use N: \\server\share",
        )
    drive, rest = ntpath.splitdrive(plain)
    if drive and not rest.startswith("\\"):
        raise UsageError(
            f"this path depends on what folder drive {drive} happens to be in",
            where=text,
            hint=f"write {drive}\\{rest} or .\\{rest}",
        )
    check_windows_parts(rest, text)


def substituted(path: Path | str) -> str | None:
    r"""The folder that the path's drive stands for, if `subst` made it; else None.

    Python resolves such a drive, so that what is baked into files is the real place; the user who typed
    the letter should know.
    """
    target = _device(ntpath.splitdrive(str(path))[0]) if os.name == "nt" else ""
    return target[4:] if target.startswith("\\??\\") else None


def extended(path: Path) -> Path:
    r"""The path in the form that may be longer than 260 characters, for work on what is inside.

    Only on Windows, only for an absolute path; never shown and never written into a file.
    """
    text = str(path)
    if os.name != "nt" or text.startswith("\\\\") or not path.is_absolute():
        return path
    return Path("\\\\?\\" + text)


_MAX_PATH = 260

if sys.platform == "win32":
    import winreg

    def longest_path() -> int | None:
        r"""Characters, without the closing NUL; None when there is no limit that matters.

        LongPathsEnabled (read, never written) lets programs that say so in their manifest, such as
        python.exe, go past MAX_PATH.
        """
        place = r"SYSTEM\CurrentControlSet\Control\FileSystem"
        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
                enabled, _ = winreg.QueryValueEx(key, "LongPathsEnabled")
        except OSError:
            enabled = 0
        return None if enabled == 1 else _MAX_PATH - 1

else:

    def longest_path() -> int | None:
        """Characters; None when there is no limit that matters."""
        return None
