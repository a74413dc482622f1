"""The locked wheels of a seal, and which of them are still installed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec
from packaging.version import InvalidVersion, Version

from sealenv.locks import LockedWheel
from sealenv.seals.distributions import Distribution, read_metadata, words
from sealenv.seals.seal import DistributionNote
from sealenv.spec.requirements import requirement_name


def locked_wheels(lines: Iterable[str]) -> list[LockedWheel]:
    """Return the wheels of a seal's `URL#sha256` lines; a file's name has name and version (PEP 427)."""
    found = []
    for line in lines:
        url, _, sha256 = line.rpartition("#")
        bare = LockedWheel(name="", version="", url=url, sha256=sha256)
        name, version, *_ = [*bare.fn.removesuffix(".whl").split("-"), ""]
        name = re.sub(r"[-_.]+", "-", name).lower()
        found.append(msgspec.structs.replace(bare, name=name, version=version))
    return found


def is_of(wheel: LockedWheel, distribution: Distribution | DistributionNote) -> bool:
    """Return whether the wheel installs this distribution; one from another URL only has its name."""
    origin = distribution.origin if isinstance(distribution, Distribution) else None
    if origin and wheel.url and origin != wheel.url:
        return False
    return wheel.name == distribution.name and _is_one(wheel.version, distribution.version)


def _is_one(version: str, other: str) -> bool:
    try:
        return Version(version) == Version(other)
    except InvalidVersion:
        return version == other


def locked_wheel(
    wheels: Iterable[LockedWheel], distribution: Distribution | DistributionNote
) -> LockedWheel | None:
    """Return the wheel that a distribution was installed from, by name and version."""
    return next((wheel for wheel in wheels if is_of(wheel, distribution)), None)


def as_found(prefix: Path, distribution: Distribution, wheel: LockedWheel | None) -> LockedWheel:
    """Return the wheel with the requirements in its METADATA in the prefix.

    Without a wheel, URL and digest are empty.
    """
    if wheel is None:
        name, version = distribution.name, distribution.version
        wheel = LockedWheel(name=name, version=version, url="", sha256="")
    headers = read_metadata(prefix, f"{distribution.record.rpartition('/')[0]}/METADATA")
    if headers is None:
        return wheel
    python = headers["Requires-Python"]
    # The names of file and folder may write a version in another way: 1.0 is 1.0.0.
    exact = words(headers["Version"])
    return msgspec.structs.replace(
        wheel,
        version=exact if _is_one(wheel.version, exact) else wheel.version,
        requires_dist=tuple(map(words, headers.get_all("Requires-Dist", []))),
        requires_python=str(python) if python else None,
    )


def requested_of(
    lines: Iterable[object], sealed: Iterable[LockedWheel], left: Iterable[LockedWheel]
) -> tuple[str, ...]:
    """Return the requirements (PEP 508) of a seal without those whose wheel was removed since.

    A requirement without a wheel stays: it is for another platform, or a conda package satisfies it.
    """
    gone = {wheel.name for wheel in sealed} - {wheel.name for wheel in left}
    return tuple(line for line in map(str, lines) if requirement_name(line) not in gone)
