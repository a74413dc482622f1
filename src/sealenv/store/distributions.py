"""Find the Python distributions in conda packages, which pip treats as installed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from sealenv.errors import LinkError
from sealenv.locks import LockedPackage
from sealenv.spec.matchspec import package_name
from sealenv.store.manifest import Manifest

__all__ = ["Distribution", "names_in", "of_python", "read_distributions"]

_METADATA = re.compile(
    r"(?:.*/)?site-packages/[^/]+"
    r"(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info|\.egg/EGG-INFO/PKG-INFO)"
)
_STEM = re.compile(r"([^/]+)\.(?:dist-info|egg-info|egg|egg-link)(?:/.*)?")
_KEPT = (
    "Metadata-Version",
    "Name",
    "Version",
    "Requires-Python",
    "Requires-Dist",
    "Provides-Extra",
)


class Distribution(msgspec.Struct, frozen=True):
    """One distribution, as its metadata in a conda package has it."""

    package: str
    """The conda package: name-version-build."""
    name: str
    version: str
    metadata: str
    """Those headers of its METADATA that resolving needs."""


def of_python(packages: Sequence[LockedPackage]) -> tuple[LockedPackage, ...]:
    """Return the packages that need python, also through others: only their archives are read."""
    needs = {
        p.name: {package_name(str(d)) for d in p.record.get("depends", ()) if d} for p in packages
    }
    found = {"python", "python_abi"}
    while more := {name for name, of in needs.items() if of & found} - found:
        found |= more
    return tuple(
        p for p in packages if p.name != "python" and (p.is_noarch_python or p.name in found)
    )


def names_in(paths: Iterable[str], site: str) -> set[str]:
    """Return the normalised names of the distributions that pip would see, by their folders.

    Args:
        paths: relative to the prefix, with `/`.
        site: its site-packages, relative too.
    """
    found: set[str] = set()
    for path in paths:
        if path.startswith(f"{site}/"):
            match = _STEM.fullmatch(path, len(site) + 1)
            if match:
                found.add(canonicalize_name(match[1].partition("-")[0]))
    return found


async def read_distributions(
    package: LockedPackage, manifest: Manifest, archive: Path
) -> list[Distribution]:
    """Read the distributions in a verified archive.

    Raises:
        LinkError: the archive cannot be read.
    """
    from email.parser import HeaderParser

    from rattler.package_streaming import PackageArchive

    names = [entry.path for entry in manifest.paths if _METADATA.fullmatch(entry.path)]
    if not names:
        return []
    try:
        found = await (await PackageArchive.from_path(archive)).read_files(names)
    except Exception as error:
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}", where=package.url
        ) from error
    distributions = []
    for name in sorted(names):
        headers = HeaderParser().parsestr((found.get(name) or b"").decode("utf-8", "replace"))
        if not headers["Name"] or not headers["Version"]:
            continue
        lines = [
            f"{key}: {' '.join(str(value).split())}"
            for key in _KEPT
            for value in headers.get_all(key, [])
        ]
        distributions.append(
            Distribution(
                package.dist, str(headers["Name"]), str(headers["Version"]), "\n".join(lines) + "\n"
            )
        )
    return distributions
