"""The folder in which environments are made, or the one that `--in` names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checkup.computer import Computer
from sealenv.checkup.finding import Check, Finding, Severity
from sealenv.errors import UsageError
from sealenv.naming import check_prefix

__all__ = ["CHECKS"]

_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_ANOTHER = "choose another folder with SEALENV_ENVS or -p"
_LEAST = 1 << 30
_LITTLE = 5 << 30
_SYNCED = re.compile(
    r"onedrive(?: - .*)?|dropbox(?: .*)?|google ?drive|my drive|icloud ?drive|mobile documents|nextcloud"
    r"|owncloud|pclouddrive|syncthing|megasync|box sync",
    re.IGNORECASE,
)
_FAT = frozenset({"vfat", "fat", "fat32", "exfat", "msdos", "fuseblk.exfat"})


def _noexec(computer: Computer) -> Iterator[Finding]:
    volume = computer.volume
    if volume.noexec:
        what = "its file system is mounted noexec: programs cannot start from it"
        yield Finding(_E, what, str(computer.target), f"{_ANOTHER}, or have it mounted with exec")


def _readonly(computer: Computer) -> Iterator[Finding]:
    volume = computer.volume
    if volume.readonly or not volume.writable:
        reason = "its file system is read-only" if volume.readonly else "you may not write there"
        yield Finding(_E, f"{reason} ({volume.folder})", str(computer.target), _ANOTHER)
    for path in (computer.target, *computer.target.parents):
        if os.path.lexists(path):
            if not os.path.isdir(path):
                what = f"{path} is not a folder"
                yield Finding(_E, what, str(computer.target), _ANOTHER)
            return


def _case(computer: Computer) -> Iterator[Finding]:
    if computer.volume.folds_case and not computer.windows:
        expected = computer.system == "darwin"
        what = "its file system ignores case: `A` and `a` are one file"
        how = "nothing, on macOS" if expected else _ANOTHER
        yield Finding(_N if expected else _W, what, str(computer.target), how)


def _space(computer: Computer) -> Iterator[Finding]:
    free = computer.volume.free
    if free < _LITTLE:
        gib = free / (1 << 30)
        what = f"{gib:.1f} GiB are free; an environment needs 0.5 to 3, its packages as much again"
        how = f"free some space (`sealenv cache clean --all`), or {_ANOTHER}"
        yield Finding(_E if free < _LEAST else _W, what, str(computer.volume.folder), how)


def _network(computer: Computer) -> Iterator[Finding]:
    volume = computer.volume
    if volume.remote:
        name = f" ({volume.kind})" if volume.kind else ""
        yield Finding(_W, f"it is on another machine{name}", str(computer.target), _ANOTHER)


def _filesystem(computer: Computer) -> Iterator[Finding]:
    if computer.volume.kind in _FAT:
        what = f"its file system is {computer.volume.kind}"
        yield Finding(
            _E, what, str(computer.target), f"{_ANOTHER}, on NTFS, ext4, APFS or the like"
        )


def _synced(computer: Computer) -> Iterator[Finding]:
    target = computer.target
    named = [computer.setting(n) for n in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")]
    folders = [Path(folder) for folder in named if folder]
    for part in (target, *target.parents):
        if _SYNCED.fullmatch(part.name) or any(_equal(part, f) for f in folders):
            yield Finding(_W, f"it is inside {part}, which is synchronised", str(target), _ANOTHER)
            return


def _equal(one: Path, other: Path) -> bool:
    return str(one).casefold() == str(other).casefold()


def _name(computer: Computer) -> Iterator[Finding]:
    platform = "win-64" if computer.windows else "linux-64"
    try:
        check_prefix(computer.target / "my_env_3_12", platform)
    except UsageError as error:
        yield Finding(_E, error.what, str(computer.target), error.hint or _ANOTHER)
        return
    if " " in str(computer.target) and not computer.windows:
        what = "its path has a space: launchers work, scripts of packages may not"
        yield Finding(_N, what, str(computer.target), _ANOTHER)


def _nested(computer: Computer) -> Iterator[Finding]:
    for folder in (computer.target, *computer.target.parents):
        if os.path.isfile(folder / "conda-meta/history"):
            what = f"it is inside the environment {folder}"
            yield Finding(_E, what, str(computer.target), _ANOTHER)
            return
        if os.path.isfile(folder / "pyvenv.cfg"):
            what = f"it is inside the virtual environment {folder}"
            yield Finding(_W, what, str(computer.target), _ANOTHER)
            return


CHECKS = (
    Check(
        "target-noexec",
        "a target from which no program starts",
        "create fails when it starts the environment's python",
        (_E,),
        _noexec,
        platforms=("posix",),
    ),
    Check(
        "target-readonly",
        "a target that cannot be written",
        "create fails before it writes anything",
        (_E,),
        _readonly,
    ),
    Check(
        "target-case",
        "a target on a file system that ignores case",
        "files of packages that differ only in case overwrite each other",
        (_W, _N),
        _case,
        platforms=("posix",),
    ),
    Check(
        "target-space",
        "a target with little free space",
        "a full disk stops create in the middle; nothing is damaged, and nothing is created",
        (_E, _W),
        _space,
    ),
    Check(
        "target-network",
        "a target on another machine, a mapped drive too",
        "it is slow with many small files, knows no hard links to the cache, and may be gone when an "
        "environment is needed",
        (_W,),
        _network,
    ),
    Check(
        "target-filesystem",
        "a target on FAT or exFAT",
        "it knows no hard links, no executable bit and no symbolic links, and forgets times",
        (_E,),
        _filesystem,
    ),
    Check(
        "target-synced",
        "a target that OneDrive, Dropbox or the like keeps in step with a cloud",
        "files are locked while they are uploaded, taken away to save room, and changed from outside",
        (_W,),
        _synced,
    ),
    Check(
        "target-name",
        "a target whose path conda and its packages do not support",
        "it is written into scripts and shebang lines without quotes",
        (_E, _N),
        _name,
    ),
    Check(
        "target-nested",
        "a target inside of another environment",
        "conda takes the outer environment for a base, and removing it removes the inner ones",
        (_E, _W),
        _nested,
    ),
)
