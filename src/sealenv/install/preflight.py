"""Check everything that could make linking fail, before the first write to the prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import LinkError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedWheel
from sealenv.store.archives import Archive, Store
from sealenv.store.manifest import Manifest
from sealenv.store.paths import (
    entry_point_paths,
    linked_paths,
    names_in,
    refuse_links_out,
    site_packages_of,
    wheel_paths,
)
from sealenv.system.volumes import existing_parent, refuse_full, refuse_long_paths

_WHEEL = "pypi:"
"""The prefix of a wheel's name among owners."""
_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)', re.IGNORECASE
)
_LEAVE_OUT = "leave one of the two packages out"
Owners = dict[str, list[str]]


@dataclass(frozen=True)
class Contents:
    """What the packages of a lock add to the prefix.

    Attributes:
        files: their number.
        paths: relative to the prefix, entry points included.
        clobbers: path -> the packages that ship it, if there are several.
    """

    files: int
    paths: list[str]
    clobbers: dict[str, list[str]]


def preflight(lock: Lock, prefix: Path, store: Store) -> Contents:
    """Refuse packages that cannot be linked completely.

    Raises:
        LinkError: the prefix is too long for a binary placeholder; paths or links are not possible
            on the platform or lead out of the prefix; or a wheel would replace a package's file.
        FilesystemError: the disk does not have enough room.
    """
    site = site_packages_of(lock)  # refuses an invalid one, used or not
    owners: Owners = {}
    links: dict[str, tuple[str, str]] = {}
    installed: dict[str, str] = {}
    size = copied = files = 0
    for package in lock.packages:
        manifest = _manifest(store, package)
        _refuse_long_prefix(prefix, package.dist, manifest.shortest_binary_placeholder)
        paths = linked_paths(package, manifest, lock)
        if lock.wheels:
            installed |= dict.fromkeys(names_in(paths, site or ""), package.dist)
        for path in [*paths, *entry_point_paths(manifest, lock)]:
            owners.setdefault(path, []).append(package.name)
        for entry in manifest.paths:
            if entry.target is not None:
                links[entry.path] = (entry.target, package.name)
        size += sum(e.size for e in manifest.paths)
        files += len(manifest.paths)
    conda = dict(owners)
    for wheel in lock.wheels:
        manifest = _manifest(store, wheel)
        paths = [*wheel_paths(wheel, manifest, lock), *entry_point_paths(manifest, lock)]
        _refuse_replacing(wheel, paths, installed, conda)
        for path in paths:
            owners.setdefault(path, [_WHEEL + wheel.name])  # of several wheels, pip keeps one file
        copied += sum(e.size for e in manifest.paths)
        files += len(paths)
    _refuse_paths(lock, owners)
    refuse_long_paths(prefix, lock.platform, owners)
    refuse_links_out(links)
    _refuse_full(prefix, store.root, size, copied)
    clobbers = {p: o for p, o in owners.items() if len(o) > 1}
    return Contents(files, list(owners), clobbers)


def _manifest(store: Store, archive: Archive) -> Manifest:
    manifest = store.manifest(archive)
    if manifest is None:
        raise LinkError(
            f"the manifest of {archive.dist} is missing", hint="run the same command again"
        )
    return manifest


def _refuse_long_prefix(prefix: Path, dist: str, room: int | None) -> None:
    length = len(os.fsencode(prefix))
    if room is not None and length > room:
        raise LinkError(
            f"the path of the environment is {length} bytes long; {dist} has room for {room} in its "
            "binaries",
            where=str(prefix),
            hint="choose a shorter folder with -p or SEALENV_ENVS",
        )


def _refuse_replacing(
    wheel: LockedWheel, paths: Sequence[str], installed: dict[str, str], conda: Owners
) -> None:
    """Refuse a wheel for which pip would uninstall or overwrite files of a conda package."""
    package = installed.get(wheel.name)
    if package is not None:
        raise LinkError(
            f"pip would replace the {wheel.name} of conda's {package} by {wheel.name} {wheel.version}",
            where=wheel.url,
            hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
        )
    for path in paths:
        if path in conda:
            raise LinkError(
                f"{path!r} of the wheel {wheel.dist} is a file of conda's {conda[path][0]}",
                hint="leave one of the two out",
            )


def _refuse_paths(lock: Lock, owners: Owners) -> None:
    """Refuse paths that differ only in case, are both file and folder, or are invalid on Windows."""
    windows = is_windows(lock.platform)
    folded: dict[str, str] = {}
    for path, (owner, *_) in owners.items():
        other = folded.setdefault(path.casefold(), path)
        if other != path and not lock.platform.startswith("linux-"):
            raise LinkError(
                f"{other!r} of {owners[other][0]} and {path!r} of {owner} are the same file on "
                f"{lock.platform}",
                hint=_LEAVE_OUT,
            )
        parent = path.rpartition("/")[0]
        while parent:
            if parent in owners:
                raise LinkError(
                    f"{parent!r} is a file or link of {owners[parent][0]} and a folder of {owner}",
                    hint=_LEAVE_OUT,
                )
            parent = parent.rpartition("/")[0]
        if windows and any(map(_NOT_ON_WINDOWS.search, path.split("/"))):
            raise LinkError(
                f"{path!r} of {owner} is not a valid file name on Windows",
                hint="leave the package out",
            )


def _refuse_full(prefix: Path, cache: Path, size: int, copied: int) -> None:
    """Refuse a disk with less free space than the bytes to copy, which are all on another disk."""
    shared = existing_parent(prefix).stat().st_dev == cache.stat().st_dev
    refuse_full(prefix, copied if shared else copied + size)
