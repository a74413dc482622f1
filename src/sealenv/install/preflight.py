"""Check everything that could make linking fail, before the first write to the prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name

from sealenv.errors import LinkError
from sealenv.layout import is_windows, script_dir, site_packages
from sealenv.locks import Lock, LockedWheel
from sealenv.store.archives import HEADERS, Archive, Manifest, Store
from sealenv.system.volumes import existing_parent, refuse_full, refuse_long_paths

_NOT_ON_WINDOWS = re.compile(
    r'[<>:"|?*\\\x00-\x1f]|[. ]$|^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)', re.IGNORECASE
)
_DISTRIBUTION = re.compile(
    r"(?:.*/)?site-packages/([^/]+)\.(?:dist-info|egg-info|egg|egg-link)(?:/.*)?"
)
_LEAVE_OUT = "leave one of the two packages out"
_MOST_STEPS = 1000
Owners = dict[str, list[str]]


@dataclass(frozen=True)
class Contents:
    """What the packages and wheels of a lock add to the prefix.

    Attributes:
        files: their number.
        paths: relative to the prefix, entry points included.
        clobbers: path -> the conda packages that ship it, if there are several.
    """

    files: int
    paths: list[str]
    clobbers: dict[str, list[str]]


def preflight(lock: Lock, prefix: Path, store: Store) -> Contents:
    """Refuse packages that cannot be linked completely.

    Raises:
        LinkError: the prefix is too long for a binary placeholder; paths or links are not possible
            on the platform or lead out of the prefix; or a wheel would replace files of a package.
        FilesystemError: the disk does not have enough room.
    """
    owners: Owners = {}
    distributions: dict[str, str] = {}  # of conda packages, which pip would uninstall
    links: dict[str, tuple[str, str]] = {}
    sizes = {"linked": 0, "copied": 0}
    files = 0
    for archive in lock.archives:
        manifest = _manifest(store, archive)
        _refuse_long_prefix(prefix, archive.dist, manifest.shortest_binary_placeholder)
        wheel = isinstance(archive, LockedWheel)
        if wheel and (package := distributions.get(archive.name)):
            raise LinkError(
                f"pip would replace the {archive.name} of conda's {package} by {archive.dist}",
                where=archive.url,
                hint=f"leave one of the two out, or ask conda for the right {archive.name}",
            )
        for path in paths_of(archive, manifest, lock):
            if not wheel:
                owners.setdefault(path, []).append(archive.name)
                if found := _DISTRIBUTION.fullmatch(path):
                    distributions[canonicalize_name(found[1].partition("-")[0])] = archive.dist
            elif not owners.setdefault(path, [f"pypi:{archive.name}"])[0].startswith("pypi:"):
                raise LinkError(
                    f"{path!r} of the wheel {archive.dist} is a file of conda's {owners[path][0]}",
                    hint="leave one of the two out",
                )
        for entry in manifest.paths:
            if entry.target is not None:
                links[entry.path] = (entry.target, archive.name)
        sizes["copied" if wheel else "linked"] += sum(entry.size for entry in manifest.paths)
        files += len(manifest.paths)
    _refuse_paths(lock, owners)
    refuse_long_paths(prefix, lock.platform, owners)
    _refuse_links_out(links)
    # On another disk than the cache nothing can be linked: all bytes are copied.
    shared = existing_parent(prefix).stat().st_dev == store.root.stat().st_dev
    refuse_full(prefix, sizes["copied"] if shared else sum(sizes.values()))
    clobbers = {path: names for path, names in owners.items() if len(names) > 1}
    return Contents(files, list(owners), clobbers)


def _manifest(store: Store, archive: Archive) -> Manifest:
    manifest = store.manifest(archive)
    if manifest is None:
        raise LinkError(
            f"the manifest of {archive.dist} is missing", hint="run the same command again"
        )
    return manifest


def site_packages_of(lock: Lock) -> str | None:
    """Return the relative site-packages folder of the lock's python (CEP 17); None without python."""
    python = lock.find("python")
    if python is None:
        return None
    try:
        return site_packages(
            lock.platform, python.version, python.record.get("python_site_packages_path")
        )
    except ValueError as error:
        raise LinkError(str(error), where=python.url, hint="do not use this package") from error


def paths_of(archive: Archive, manifest: Manifest, lock: Lock) -> list[str]:
    """Return the paths of a package or wheel in the prefix, with the programs of its entry points.

    Noarch python packages are mapped as CEP 20 says, and wheels as pip does.
    """
    places: dict[str, str] = {}
    site = site_packages_of(lock)  # refuses an invalid one, used or not
    if isinstance(archive, LockedWheel) or archive.is_noarch_python:
        places = {"site-packages": site or "", "python-scripts": script_dir(lock.platform)}
    if isinstance(archive, LockedWheel):
        python = lock.find("python")
        minor = ".".join(python.version.split(".")[:2]) if python else ""
        include = "Include" if is_windows(lock.platform) else f"include/python{minor}"
        places[HEADERS] = f"{include}/{archive.name}"
    found = []
    for entry in manifest.paths:
        head, slash, tail = entry.path.partition("/")
        found.append(f"{places[head]}/{tail}" if slash and head in places else entry.path)
    for point in manifest.entry_points:
        name = point.partition("=")[0].strip()
        if is_windows(lock.platform):
            found += [f"Scripts/{name}.exe", f"Scripts/{name}-script.py"]
        else:
            found.append(f"bin/{name}")
    return found


def _refuse_long_prefix(prefix: Path, dist: str, room: int | None) -> None:
    length = len(os.fsencode(prefix))
    if room is not None and length > room:
        raise LinkError(
            f"the path of the environment is {length} bytes long; {dist} has room for {room} in its "
            "binaries",
            where=str(prefix),
            hint="choose a shorter folder with -p or SEALENV_ENVS",
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


def _refuse_links_out(links: Mapping[str, tuple[str, str]]) -> None:
    """Follow every link through all others: path in the prefix -> where it leads, and whose it is.

    Raises:
        LinkError: one leads out of the prefix, or in a circle.
    """
    for path, (_, owner) in links.items():
        if not _stays_inside(path, links):
            raise LinkError(
                f"{path!r} of {owner} is a link that leads through others out of the environment, or "
                "in a circle",
                hint="leave the package out, or tell the channel's owner",
            )


def _stays_inside(path: str, links: Mapping[str, tuple[str, str]]) -> bool:
    """Walk as the kernel does; False too for what never arrives."""
    at: list[str] = []
    rest = path.split("/")[::-1]
    for _ in range(_MOST_STEPS):
        if not rest:
            return True
        part = rest.pop()
        if part in {"", "."}:
            continue
        if part == "..":
            if not at:
                return False
            at.pop()
            continue
        at.append(part)
        link = links.get("/".join(at))
        if link is not None:
            at.pop()
            rest += link[0].split("/")[::-1]
    return False
