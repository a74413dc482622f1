"""Map the paths of packages and wheels to a prefix (CEP 17, CEP 20, PEP 427), and refuse links out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.utils import canonicalize_name

from sealenv.errors import LinkError
from sealenv.layout import is_windows, script_dir, site_packages
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.store.manifest import HEADERS, Manifest

_STEM = re.compile(r"([^/]+)\.(?:dist-info|egg-info|egg|egg-link)(?:/.*)?")


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


def linked_paths(package: LockedPackage, manifest: Manifest, lock: Lock) -> list[str]:
    """Return the package's own paths in the prefix, noarch python mapped as CEP 20 says."""
    if not package.is_noarch_python:
        return [e.path for e in manifest.paths]
    return _mapped(manifest, lock, {})


def wheel_paths(wheel: LockedWheel, manifest: Manifest, lock: Lock) -> list[str]:
    """Return where pip puts the wheel's paths, as far as the wheel names them."""
    python = lock.find("python")
    minor = ".".join(python.version.split(".")[:2]) if python else ""
    include = "Include" if is_windows(lock.platform) else f"include/python{minor}"
    return _mapped(manifest, lock, {HEADERS: f"{include}/{wheel.name}"})


def names_in(paths: Iterable[str], site: str) -> set[str]:
    """Return the normalised names of the distributions that pip would see below `site`."""
    found: set[str] = set()
    for path in paths:
        if path.startswith(f"{site}/"):
            match = _STEM.fullmatch(path, len(site) + 1)
            if match:
                found.add(canonicalize_name(match[1].partition("-")[0]))
    return found


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
    """Return the programs that are made of the entry points of a noarch package."""
    names = [point.partition("=")[0].strip() for point in manifest.entry_points]
    if is_windows(lock.platform):
        return [f"Scripts/{n}{end}" for n in names for end in (".exe", "-script.py")]
    return [f"bin/{n}" for n in names]


_MOST_STEPS = 1000


def refuse_links_out(links: Mapping[str, tuple[str, str]]) -> None:
    """Follow every link through all others.

    Args:
        links: path in the prefix -> where it leads, and whose it is.

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
