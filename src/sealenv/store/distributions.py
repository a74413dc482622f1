"""Which Python distributions a conda package brings: pip takes them for installed."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from sealenv.errors import LinkError
from sealenv.lock import LockedPackage
from sealenv.store.manifest import Manifest

__all__ = ["Distribution", "may_hold_distributions", "read_distributions"]

_METADATA = re.compile(
    r"(?:.*/)?site-packages/[^/]+(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info)"
)
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


def may_hold_distributions(package: LockedPackage) -> bool:
    """Whether the package is one for Python: only then its archive is looked into."""
    needs = {str(d).split()[0] for d in package.record.get("depends", ()) if d}
    return package.is_noarch_python or bool(needs & {"python", "python_abi"})


async def read_distributions(
    package: LockedPackage, manifest: Manifest, archive: Path
) -> list[Distribution]:
    """The distributions in a verified archive.

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
