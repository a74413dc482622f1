"""Where the paths of packages and wheels end up in a prefix (CEP 17, CEP 20, PEP 427); do they fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from sealenv.errors import LinkError
from sealenv.layout import is_windows, script_dir, site_packages
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.store.manifest import HEADERS, Manifest
from sealenv.system.volumes import longest_path

__all__ = [
    "entry_point_paths",
    "linked_paths",
    "refuse_long_paths",
    "site_packages_of",
    "wheel_paths",
]


def site_packages_of(lock: Lock) -> str | None:
    """The relative site-packages folder of the lock's python (CEP 17), None without python."""
    python = lock.find("python")
    if python is None:
        return None
    try:
        return site_packages(
            lock.platform, python.version, python.record.get("python_site_packages_path")
        )
    except ValueError as error:
        raise LinkError(str(error), where=python.url, hint="do not use this package") from error


def linked_paths(package: LockedPackage, manifest: Manifest, lock: Lock) -> list[str]:
    """Where the package's own paths end up, noarch python mapped as CEP 20 says."""
    if not package.is_noarch_python:
        return [e.path for e in manifest.paths]
    return _mapped(manifest, lock, {})


def wheel_paths(wheel: LockedWheel, manifest: Manifest, lock: Lock) -> list[str]:
    """Where pip puts the wheel's paths, as far as the wheel names them; see `sealenv.store.wheels`."""
    python = lock.find("python")
    minor = ".".join(python.version.split(".")[:2]) if python else ""
    include = "Include" if is_windows(lock.platform) else f"include/python{minor}"
    return _mapped(manifest, lock, {HEADERS: f"{include}/{wheel.name}"})


def _mapped(manifest: Manifest, lock: Lock, more: dict[str, str]) -> list[str]:
    places = {
        "site-packages": site_packages_of(lock) or "",
        "python-scripts": script_dir(lock.platform),
        **more,
    }
    result = []
    for entry in manifest.paths:
        head, slash, tail = entry.path.partition("/")
        result.append(f"{places[head]}/{tail}" if slash and head in places else entry.path)
    return result


def entry_point_paths(manifest: Manifest, lock: Lock) -> list[str]:
    """The programs that are made of the entry points of a noarch package."""
    names = [point.partition("=")[0].strip() for point in manifest.entry_points]
    if is_windows(lock.platform):
        return [f"Scripts/{n}{end}" for n in names for end in (".exe", "-script.py")]
    return [f"bin/{n}" for n in names]


def refuse_long_paths(prefix: Path, platform: str, owners: Mapping[str, Sequence[str]]) -> None:
    """On Windows without LongPathsEnabled half of an environment would be missing, quietly.

    Args:
        prefix: where it is to be.
        platform: its subdir.
        owners: relative path -> whose it is, if that is known.

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
    """Its length, or that of the file that is compiled from it."""
    return len(path) + (len("__pycache__/.cpython-312c") if path.endswith(".py") else 0)
