"""pip's installation report, read: locked wheels, dependencies first."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.errors import DigestError
from sealenv.lock import LockedWheel
from sealenv.urls import split_credentials

__all__ = ["locked_wheels"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def locked_wheels(report: Mapping[str, Any], markers: Mapping[str, str]) -> tuple[LockedWheel, ...]:
    """The wheels of a report (`pip install --report`, version 1), dependencies before dependents.

    Raises:
        DigestError: the index gives no sha256 for one.
    """
    return _topological([_locked(item) for item in report["install"]], markers)


def _locked(item: Mapping[str, Any]) -> LockedWheel:
    info, metadata = item["download_info"], item["metadata"]
    url = split_credentials(str(info["url"]).partition("#")[0]).clean
    archive = info.get("archive_info") or {}
    sha256 = str((archive.get("hashes") or {}).get("sha256") or "").lower()
    if not _SHA256.fullmatch(sha256):
        raise DigestError(
            f"the index gives no sha256 for {url.rsplit('/', 1)[-1]}, so it cannot be verified",
            where=url,
            hint="choose another version or index; the index's owner can add it",
        )
    return LockedWheel(
        name=canonicalize_name(str(metadata["name"])),
        version=str(metadata["version"]),
        url=url,
        sha256=sha256,
        size=_size(url),
        requires_dist=tuple(map(str, metadata.get("requires_dist") or ())),
        requires_python=metadata.get("requires_python") or None,
    )


def _size(url: str) -> int | None:
    """Of a file on this machine; pip's report does not tell that of others."""
    if not url.startswith("file:"):
        return None
    try:
        return os.stat(url2pathname(urlsplit(url).path)).st_size
    except OSError:
        return None


def _topological(
    wheels: Sequence[LockedWheel], markers: Mapping[str, str]
) -> tuple[LockedWheel, ...]:
    """Names in alphabetical order where nothing decides; cycles, which wheels may have, are broken."""
    by_name = {wheel.name: wheel for wheel in wheels}
    done: dict[str, LockedWheel] = {}
    entered: set[str] = set()
    stack = [(name, False) for name in sorted(by_name, reverse=True)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            done[name] = by_name[name]
        elif name not in entered:
            entered.add(name)
            stack.append((name, True))
            needs = _needs(by_name[name], markers)
            stack += [(n, False) for n in sorted(needs, reverse=True) if n in by_name]
    return tuple(done.values())


def _needs(wheel: LockedWheel, markers: Mapping[str, str]) -> set[str]:
    """The names that it may need there, with any of its extras."""
    names: set[str] = set()
    for line in wheel.requires_dist:
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue  # as pip does with old metadata, with a warning
        marker = requirement.marker
        if marker is None or "extra" in str(marker) or marker.evaluate(dict(markers)):
            names.add(canonicalize_name(requirement.name))
    return names
