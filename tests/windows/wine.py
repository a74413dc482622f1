"""Run Windows programs with Wine, in a chroot and a mount namespace of their own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_ENTER = """\
root=$1 work=$2; shift 2
mount -t proc proc "$root/proc"
while [ "$1" != -- ]; do
    mkdir -p "$root$1"
    mount --rbind "$1" "$root$1"
    shift
done
shift
exec chroot "$root" env -C "$work" "$@"
"""


def wine_command(
    folder: Path,
    prefix: Path,
    command: Sequence[str],
    *,
    folders: Iterable[Path],
    cwd: Path = Path("/"),
    env: Mapping[str, str] | None = None,
) -> tuple[list[str], dict[str, str]]:
    """The command line, and its environment, that run a command with Wine.

    Args:
        folder: where provision.py put everything.
        prefix: the Wine prefix.
        command: `wine PROGRAM ARGUMENTS...` or `wineserver ...`.
        folders: visible inside at the same paths, in addition to Debian (drive Z: is the root).
        cwd: the working folder; below one of `folders`.
        env: the variables of the Windows program; nothing else is passed on.
    """
    places = [
        str(place)
        for place in dict.fromkeys([folder, prefix.parent, *folders])
        if place != Path("/")
    ]
    script = ["unshare", "--mount", "--propagation", "private", "sh", "-ec", _ENTER, "enter"]
    argv = [*script, str(folder / "root"), str(cwd), *places, "--", *command]
    variables = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME": str(prefix.parent),
        "LC_ALL": "C.UTF-8",
        "XDG_RUNTIME_DIR": "/tmp",
        "WINEPREFIX": str(prefix),
        "WINEDEBUG": "-all",
        # Wine prefers its own stub of certutil to the stand-in in system32, unless told.
        "WINEDLLOVERRIDES": "mscoree=;mshtml=;winemenubuilder.exe=d;certutil.exe=n",
    }
    return argv, {**variables, **(env or {})}


def windows_path(path: Path | str) -> str:
    r"""`/a/b` as `Z:\a\b` under Wine; the same path on Windows."""
    return str(path) if os.name == "nt" else "Z:" + str(path).replace("/", "\\")


def copy_prefix(prepared: Path, prefix: Path) -> None:
    """Hard links, except for the registry and the user's folder."""
    shutil.copytree(prepared, prefix, symlinks=True, copy_function=_link_or_copy)


def _link_or_copy(source: str, target: str) -> None:
    if "/windows/" in source:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copy2(source, target)
