"""What can break a `create` in the folder for environments, or in the one that `--in` names."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from sealenv.checks.check import Check, Finding
from sealenv.checks.computer import Computer
from sealenv.errors import UsageError
from sealenv.naming import check_prefix

__all__ = ["CHECKS"]

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
    if computer.volume.noexec:
        what = "its file system is mounted noexec: programs cannot be started from it"
        yield Finding("error", what, str(computer.target), f"{_ANOTHER}, or mount it with exec")


def _readonly(computer: Computer) -> Iterator[Finding]:
    volume, target = computer.volume, computer.target
    if volume.readonly or not volume.writable:
        reason = "its file system is read-only" if volume.readonly else "you may not write there"
        yield Finding("error", f"{reason} ({volume.folder})", str(target), _ANOTHER)
    exists = next((path for path in (target, *target.parents) if os.path.lexists(path)), target)
    if not os.path.isdir(exists):
        yield Finding("error", f"{exists} is not a folder", str(target), _ANOTHER)


def _space(computer: Computer) -> Iterator[Finding]:
    free = computer.volume.free
    if free < _LITTLE:
        gib = free / (1 << 30)
        what = f"{gib:.1f} GiB are free; an environment needs 0.5 to 3, its packages as much again"
        how = f"free some space (`sealenv cache clean --all`), or {_ANOTHER}"
        where = str(computer.volume.folder)
        yield Finding("error" if free < _LEAST else "warning", what, where, how)


def _network(computer: Computer) -> Iterator[Finding]:
    volume = computer.volume
    if volume.remote:
        name = f" ({volume.kind})" if volume.kind else ""
        yield Finding("warning", f"it is on another machine{name}", str(computer.target), _ANOTHER)


def _filesystem(computer: Computer) -> Iterator[Finding]:
    if computer.volume.kind in _FAT:
        what = f"its file system is {computer.volume.kind}"
        how = f"{_ANOTHER}, on NTFS, ext4, APFS or similar"
        yield Finding("error", what, str(computer.target), how)


def _synced(computer: Computer) -> Iterator[Finding]:
    target = computer.target
    named = [computer.setting(n) for n in ("OneDrive", "OneDriveConsumer", "OneDriveCommercial")]
    folders = {folder.casefold() for folder in named if folder}
    for part in (target, *target.parents):
        if _SYNCED.fullmatch(part.name) or str(part).casefold() in folders:
            what = f"it is inside {part}, which is synchronised"
            yield Finding("warning", what, str(target), _ANOTHER)
            return


def _name(computer: Computer) -> Iterator[Finding]:
    platform = "win-64" if computer.windows else "linux-64"
    try:
        check_prefix(computer.target / "my_env_3_12", platform)
    except UsageError as error:
        yield Finding("error", error.what, str(computer.target), error.hint or _ANOTHER)
        return
    if " " in str(computer.target) and not computer.windows:
        what = "its path has a space: launchers work, scripts of packages may not"
        yield Finding("note", what, str(computer.target), _ANOTHER)


def _nested(computer: Computer) -> Iterator[Finding]:
    for folder in (computer.target, *computer.target.parents):
        if os.path.isfile(folder / "conda-meta/history"):
            what = f"it is inside the environment {folder}"
            yield Finding("error", what, str(computer.target), _ANOTHER)
            return
        if os.path.isfile(folder / "pyvenv.cfg"):
            what = f"it is inside the virtual environment {folder}"
            yield Finding("warning", what, str(computer.target), _ANOTHER)
            return


def _code_page(computer: Computer) -> Iterator[Finding]:
    page = computer.code_page
    for what, path in (("your home", computer.home), ("the target", computer.target)):
        if not _fits(path, page):
            said = f"{what} has letters that code page {page} does not have"
            how = "let Windows use UTF-8 (Region, Administrative), or choose a folder in ASCII"
            yield Finding("error" if what == "the target" else "warning", said, str(path), how)


def _fits(path: Path, page: int) -> bool:
    try:
        return str(path).isascii() or page == 65001 or bool(str(path).encode(f"cp{page}"))
    except (UnicodeEncodeError, LookupError):
        return False


CHECKS = (
    Check(
        "target-noexec",
        "a target from which no program starts",
        "create fails when it starts the environment's python",
        ("error",),
        _noexec,
        platforms=("posix",),
    ),
    Check(
        "target-readonly",
        "a target that cannot be written",
        "create fails before it writes anything",
        ("error",),
        _readonly,
    ),
    Check(
        "target-space",
        "a target with little free space",
        "a full disk stops create in the middle; nothing is damaged, and nothing is created",
        ("error", "warning"),
        _space,
    ),
    Check(
        "target-network",
        "a target on another machine, including a mapped drive",
        "it is slow with many small files, has no hard links to the cache, and may be disconnected when "
        "an environment is needed",
        ("warning",),
        _network,
    ),
    Check(
        "target-filesystem",
        "a target on FAT or exFAT",
        "it has no hard links, no executable bit and no symbolic links, and changes timestamps",
        ("error",),
        _filesystem,
    ),
    Check(
        "target-synced",
        "a target that OneDrive, Dropbox or similar synchronises",
        "files are locked while they are uploaded, removed to save space, and changed from outside",
        ("warning",),
        _synced,
    ),
    Check(
        "target-name",
        "a target whose path conda and its packages do not support",
        "it is written into scripts and shebang lines without quotes",
        ("error", "note"),
        _name,
    ),
    Check(
        "target-nested",
        "a target inside another environment",
        "conda takes the outer environment for a base, and removing it removes the inner ones",
        ("error", "warning"),
        _nested,
    ),
    Check(
        "code-page",
        "folders with letters that the code page of Windows does not have",
        "launchers and batch files cannot open such a path",
        ("error", "warning"),
        _code_page,
        platforms=("windows",),
    ),
)
