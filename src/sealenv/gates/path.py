"""Folders on PATH that lead to a python which is not the operating system's own.

The system's python is no dirt: it belongs to no environment, and the environment's own folders come
before it.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SYSTEM_FOLDERS", "leading_elsewhere", "whose"]

SYSTEM_FOLDERS = (
    "/bin",
    "/sbin",
    "/usr/bin",
    "/usr/sbin",
    "/usr/local/bin",
    "/usr/local/sbin",
    "/opt/homebrew/bin",
    "/opt/homebrew/sbin",
    "/snap/bin",
    "/run/current-system/sw/bin",
)
"""Where an operating system, or what is installed for the whole machine, has its python."""

_NAMES = (
    ("python.exe", "python3.exe", "py.exe")
    if os.name == "nt"
    else ("python3", "python", "python2", "python2.7", *(f"python3.{n}" for n in range(4, 26)))
)
"""Names and no listing: a folder of thousands of files, such as Windows' own in WSL, is slow to list."""


def leading_elsewhere(environ: Mapping[str, str], own: Iterable[str]) -> list[tuple[str, str]]:
    """The folders on PATH with a python of somebody else: (folder as it stands there, whose).

    One that is not absolute is one from here, and so is on POSIX one without a name.

    Args:
        environ: PATH is read from it.
        own: prefixes that are no dirt, such as the one sealenv runs from.
    """
    mine = {os.path.normcase(p) for prefix in own for p in _folders_of(prefix)}
    found = []
    seen = set(mine)
    for entry in environ.get("PATH", "").split(os.pathsep):
        folder = entry.strip('"') if os.name == "nt" else entry
        key = os.path.normcase(folder.rstrip("/") or folder)
        if not folder and (os.name == "nt" or not environ.get("PATH")):
            continue
        shown = folder or "."
        if not os.path.isabs(folder):
            try:
                folder = os.path.join(os.getcwd(), folder)
            except OSError:  # it is gone, and nothing lies in it
                continue
            key = os.path.normcase(os.path.normpath(folder))
        if key in seen or key in SYSTEM_FOLDERS:
            continue
        seen.add(key)
        if _is_of_windows(folder, environ):
            continue
        if not any(os.path.lexists(os.path.join(folder, name)) for name in _NAMES):
            continue
        if not _is_same(folder, SYSTEM_FOLDERS) and not _is_same(folder, mine):
            found.append((shown, whose(folder)))
    return found


def whose(folder: str) -> str:
    """Whose python lies in the folder, in words."""
    lower = folder.replace("\\", "/").lower()
    if lower.rstrip("/").endswith("microsoft/windowsapps"):
        return "the stub that opens the Microsoft Store"
    if "/pyenv" in lower or "/.pyenv" in lower:
        return "pyenv's"
    if os.name == "nt" and not os.path.lexists(os.path.join(folder, "python.exe")):
        return "a launcher, which chooses among the Pythons of the machine,"
    for prefix in (folder, os.path.dirname(folder.rstrip("/\\"))):
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            return "a conda environment's"
        if os.path.isfile(os.path.join(prefix, "pyvenv.cfg")):
            return "a virtual environment's"
    return "another installation's"


def _is_of_windows(folder: str, environ: Mapping[str, str]) -> bool:
    """System32 and what is below the Windows folder; py.exe lies in it and is found by `doctor`."""
    if os.name != "nt":
        return False
    root = environ.get("SYSTEMROOT", r"C:\Windows")
    return os.path.normcase(folder + "\\").startswith(os.path.normcase(root + "\\"))


def _folders_of(prefix: str) -> list[str]:
    parts = ("", "Scripts", "Library\\bin") if os.name == "nt" else ("bin",)
    return [os.path.join(prefix, part).rstrip("/\\") for part in parts]


def _is_same(folder: str, others: Iterable[str]) -> bool:
    """/bin is a link to /usr/bin on most systems, and a link may lead to sealenv's own folder."""
    real = os.path.normcase(os.path.realpath(folder))
    if sys.platform == "win32":
        return any(os.path.normcase(os.path.realpath(o)) == real for o in others if o[1:2] == ":")
    return any(os.path.realpath(other) == real for other in others)
