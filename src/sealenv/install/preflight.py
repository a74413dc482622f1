"""What is looked at between fetch and the first write: it may not fail half way."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.errors import FilesystemError, LinkError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedWheel
from sealenv.store.archives import Archive, Store
from sealenv.store.distributions import names_in
from sealenv.store.manifest import Manifest
from sealenv.store.placing import (
    ENTRY_POINT,
    PlacedWheel,
    entry_point_paths,
    linked_paths,
    refuse_links_out,
    refuse_long_paths,
    refuse_unlike,
    site_packages_of,
    wheel_paths,
)

__all__ = ["Contents", "linked_paths", "preflight", "site_packages_of"]

_WHEEL = "pypi:"
"""In front of a wheel's name, where owners are named."""
_SPARE_BYTES = 16 << 20
_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)', re.IGNORECASE
)


@dataclass(frozen=True)
class Contents:
    """What the packages of a lock will put into the prefix."""

    files: int
    size: int
    paths: list[str]
    """Relative to the prefix, entry points included."""
    clobbers: dict[str, list[str]]
    """Path -> the packages that all ship it, where it is more than one."""


def preflight(lock: Lock, prefix: Path, store: Store) -> Contents:
    """Refuse what could not be linked to the end.

    Raises:
        LinkError: the path is longer than a binary placeholder, or paths differ only in case on a
            platform that does not tell them apart, or links lead out of the prefix, or wheels
            do not agree on a file, or one would take the place of what a conda package brings.
        FilesystemError: there is not enough room.
    """
    wheel_files = _wheels(lock, store)
    site_packages_of(lock)  # whether or not a package uses it, nothing may be made of a bad one
    length = len(os.fsencode(prefix))
    owners: dict[str, list[str]] = {}
    links: dict[str, tuple[str, str]] = {}
    installed: dict[str, str] = {}
    size = files = 0
    for package in lock.packages:
        manifest = _manifest(store, package)
        room = manifest.shortest_binary_placeholder
        if room is not None and length > room:
            raise LinkError(
                f"the path of the environment is {length} bytes long; {package.dist} has room for "
                f"{room} in its binaries",
                where=str(prefix),
                hint="choose a shorter folder with -p or SEALENV_ENVS",
            )
        paths = linked_paths(package, manifest, lock)
        for path in paths:
            owners.setdefault(path, []).append(package.name)
        if lock.wheels:
            installed |= dict.fromkeys(names_in(paths, site_packages_of(lock) or ""), package.dist)
        for path in entry_point_paths(manifest, lock):
            owners.setdefault(path, []).append(package.name)
        for entry in manifest.paths:
            if entry.target is not None:
                links[entry.path] = (entry.target, package.name)
        size += sum(e.size for e in manifest.paths)
        files += len(manifest.paths)
    conda = {package.name for package in lock.packages}
    copied = 0
    for wheel in wheel_files:
        _refuse_installed(wheel.wheel, installed)
        _refuse_owned(wheel.wheel, wheel.sources, owners, conda)
        copied += wheel.size
        files += len(wheel.sources)
    refuse_unlike(wheel_files, store)
    for wheel in wheel_files:
        for path in wheel.sources:
            owners.setdefault(path, [_WHEEL + wheel.wheel.name])  # a second one is the same file
    _refuse_case_collisions(lock, owners)
    _refuse_nesting(owners)
    _refuse_windows_names(lock, owners)
    refuse_long_paths(prefix, lock.platform, owners)
    refuse_links_out(links)
    _check_room(prefix, store.root, size, copied)
    clobbers = {p: o for p, o in owners.items() if len(o) > 1}
    return Contents(files, size + copied, list(owners), clobbers)


def _manifest(store: Store, archive: Archive) -> Manifest:
    manifest = store.manifest(archive)
    if manifest is None:
        raise LinkError(
            f"the manifest of {archive.dist} is missing", hint="run the same command again"
        )
    return manifest


def _wheels(lock: Lock, store: Store) -> list[PlacedWheel]:
    found = []
    for wheel in lock.wheels:
        manifest = _manifest(store, wheel)
        listed = (entry.path for entry in manifest.paths)
        sources = dict(zip(wheel_paths(wheel, manifest, lock), listed, strict=True))
        for point in manifest.entry_points:
            alone = msgspec.structs.replace(manifest, entry_points=[point])
            sources |= dict.fromkeys(entry_point_paths(alone, lock), ENTRY_POINT + point)
        found.append(PlacedWheel(wheel, manifest, sources, sum(e.size for e in manifest.paths)))
    return found


def _refuse_installed(wheel: LockedWheel, installed: dict[str, str]) -> None:
    """pip would uninstall what conda has put there, and conda would miss its files."""
    package = installed.get(wheel.name)
    if package is not None:
        raise LinkError(
            f"pip would put {wheel.name} {wheel.version} in the place of the {wheel.name} of conda's "
            f"{package}",
            where=wheel.url,
            hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
        )


def _refuse_owned(
    wheel: LockedWheel, paths: Iterable[str], owners: dict[str, list[str]], conda: set[str]
) -> None:
    """pip would overwrite a file of conda's, and conda would call it damaged."""
    for path in paths:
        owner = next((name for name in owners.get(path, ()) if name in conda), None)
        if owner is not None:
            raise LinkError(
                f"{path!r} of the wheel {wheel.dist} is a file of conda's {owner}",
                hint="leave one of the two out",
            )


def _refuse_case_collisions(lock: Lock, owners: dict[str, list[str]]) -> None:
    if lock.platform.startswith("linux-"):
        return
    folded: dict[str, str] = {}
    for path in owners:
        other = folded.setdefault(path.casefold(), path)
        if other != path:
            raise LinkError(
                f"{lock.platform} does not tell {other!r} ({owners[other][0]}) from {path!r} "
                f"({owners[path][0]})",
                hint="leave one of the two packages out",
            )


def _refuse_nesting(owners: dict[str, list[str]]) -> None:
    """A path that is a file or link in one package and a folder in another cannot be linked."""
    for path in owners:
        parent = path.rpartition("/")[0]
        while parent:
            if parent in owners:
                raise LinkError(
                    f"{parent!r} is a file or link of {owners[parent][0]} and a folder of "
                    f"{owners[path][0]}",
                    hint="leave one of the two packages out",
                )
            parent = parent.rpartition("/")[0]


def _refuse_windows_names(lock: Lock, owners: dict[str, list[str]]) -> None:
    """What is a plain name elsewhere is a stream, a device or another file on Windows."""
    if not is_windows(lock.platform):
        return
    for path in owners:
        for part in path.split("/"):
            if _NOT_ON_WINDOWS.search(part):
                raise LinkError(
                    f"{path!r} of {owners[path][0]} is not a name for a file on Windows",
                    hint="leave the package out",
                )


def _check_room(prefix: Path, cache: Path, size: int, copied: int) -> None:
    """Enough room for what will be copied: wheels; everything, where the cache is elsewhere."""
    folder = prefix
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    try:
        free = shutil.disk_usage(folder).free
        needed = _SPARE_BYTES + copied
        if folder.stat().st_dev != cache.stat().st_dev:
            needed += size
    except OSError:
        return
    if free < needed:
        raise FilesystemError(
            f"the disk is full: {needed >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(folder),
            hint="make room, then run the same command again",
        )
