"""Read pip's answer: the wheels to lock, those that stay as they were, and their order.

pip treats wheels that stay as installed and replaces only what it must, as in an environment that has
them: so the same files stay, not only the same versions.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from sealenv.errors import DigestError, SolveError
from sealenv.locks import LockedWheel
from sealenv.locks.checks import check_url, file_name
from sealenv.pypi.machine import Machine
from sealenv.store.distributions import Distribution
from sealenv.urls import redact, split_credentials

__all__ = ["as_installed", "fitting", "lacking_extras", "needed", "read_report", "topological"]


_SHA256 = re.compile(r"[0-9a-f]{64}")


def read_report(report: Mapping[str, Any]) -> list[LockedWheel]:
    """The wheels of a report (`pip install --report`, version 1).

    Raises:
        DigestError: the index gives no sha256 for one.
        SolveError: one is not a wheel, or is at an address that no lock may hold.
    """
    return [_locked(item) for item in report["install"]]


def lacking_extras(report: Mapping[str, Any], requirements: Iterable[str]) -> list[str]:
    """In words, the extras that were asked for and are none of the wheel's: pip goes on without."""
    provided = {
        canonicalize_name(str(item["metadata"]["name"])): {
            canonicalize_name(str(extra)) for extra in item["metadata"].get("provides_extra") or ()
        }
        for item in report["install"]
    }
    found = []
    for line in requirements:
        asked = Requirement(line)
        known = provided.get(canonicalize_name(asked.name))
        if known is None:  # it stays as it was locked
            continue
        there = f"it has {', '.join(sorted(known))}" if known else "it has none"
        found += [
            f"{asked.name} has no extra {extra!r}, which is left out; {there}"
            for extra in sorted(asked.extras)
            if canonicalize_name(extra) not in known
        ]
    return found


def _locked(item: Mapping[str, Any]) -> LockedWheel:
    info, metadata = item["download_info"], item["metadata"]
    url = _address(str(metadata["name"]), str(info["url"]).partition("#")[0])
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


def _address(name: str, url: str) -> str:
    """As the lock holds it: without credentials, and so that whoever reads the lock takes it."""
    url = split_credentials(url).clean.replace("'", "%27")  # as pip writes those of a page
    if urlsplit(url).query:
        raise SolveError(
            f"the address of {name} has a query, which may be a signature that expires or a secret: "
            "no lock holds it",
            where=url.partition("?")[0],
            hint="use an index that gives plain addresses, or put the wheel in a folder and name that "
            "with --find-links",
        )
    if fault := check_url(url):
        raise SolveError(f"the address of {name} cannot be locked: {redact(fault)}")
    file = file_name(url)
    if not file.endswith(".whl"):
        raise SolveError(f"{file} is not a wheel", where=url)
    return url


def _size(url: str) -> int | None:
    """Of a file on this machine; pip's report does not tell that of others."""
    if not url.startswith("file:"):
        return None
    try:
        return os.stat(url2pathname(urlsplit(url).path)).st_size
    except OSError:
        return None


def topological(
    wheels: Iterable[LockedWheel], markers: Mapping[str, str]
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
    for requirement in filter(None, map(_parsed, wheel.requires_dist)):
        marker = requirement.marker
        if marker is None or "extra" in str(marker) or marker.evaluate(dict(markers)):
            names.add(canonicalize_name(requirement.name))
    return names


_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)")


def fitting(
    wheels: Iterable[LockedWheel], machine: Machine, requirements: Iterable[str]
) -> tuple[list[LockedWheel], list[LockedWheel]]:
    """Those that can stay as they are, and those of which another file must be found.

    Args:
        wheels: what was locked.
        machine: what for now: its python may be another one than then.
        requirements: what is asked for. What that, or one of the wheels, names by its address is among
            neither: the address decides.
    """
    wheels = list(wheels)
    lines = [*requirements, *(line for wheel in wheels for line in wheel.requires_dist)]
    addressed = {canonicalize_name(r.name) for r in map(_parsed, lines) if r and r.url}
    version = Version(machine.python)
    minor = (version.major, version.minor)
    interpreter = f"cp{version.major}{version.minor}"
    tags = {
        *cpython_tags(minor, [machine.abi], machine.platforms),
        *compatible_tags(minor, interpreter, machine.platforms),
    }
    stay: list[LockedWheel] = []
    other: list[LockedWheel] = []
    for wheel in wheels:
        if wheel.name in addressed:
            continue
        try:
            of = parse_wheel_filename(wheel.fn)[3]
            python = SpecifierSet(wheel.requires_python or "")
        except (InvalidWheelFilename, InvalidSpecifier):
            other.append(wheel)
            continue
        fits = bool(tags & of) and python.contains(version, prereleases=True)
        (stay if fits else other).append(wheel)
    return stay, other


def as_installed(wheel: LockedWheel) -> Distribution:
    """As if it were in the environment already."""
    lines = ["Metadata-Version: 2.1", f"Name: {wheel.name}", f"Version: {wheel.version}"]
    if wheel.requires_python:
        lines.append(f"Requires-Python: {wheel.requires_python}")
    lines += [f"Requires-Dist: {line}" for line in wheel.requires_dist]
    extras = {extra for line in wheel.requires_dist for extra in _EXTRA.findall(line)}
    lines += [f"Provides-Extra: {extra}" for extra in sorted(extras)]
    return Distribution(wheel.dist, wheel.name, wheel.version, "\n".join(lines) + "\n")


def needed(
    wheels: Sequence[LockedWheel],
    installed: Iterable[Distribution],
    requirements: Iterable[str],
    markers: Mapping[str, str],
) -> list[LockedWheel]:
    """The wheels that the requirements lead to: what was kept may have lost who needed it.

    Args:
        wheels: the answer, kept ones included.
        installed: what conda brings, which may need wheels too.
        requirements: what is asked for.
        markers: every variable of PEP 508 but `extra`.
    """
    requires: dict[str, Sequence[str]] = {w.name: w.requires_dist for w in wheels}
    for one in installed:
        headers = HeaderParser().parsestr(one.metadata)
        requires[canonicalize_name(one.name)] = headers.get_all("Requires-Dist", [])
    reached: dict[str, set[str]] = {}
    rest = _holding(requirements, markers, "")
    while rest:
        requirement = rest.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - reached.setdefault(name, set()):
            reached[name].add(extra)
            rest += _holding(requires.get(name, ()), markers, extra)
    return [wheel for wheel in wheels if wheel.name in reached]


def _holding(lines: Iterable[str], markers: Mapping[str, str], extra: str) -> list[Requirement]:
    """Those that count there, with that extra."""
    return [
        one
        for one in map(_parsed, lines)
        if one and (one.marker is None or one.marker.evaluate({**markers, "extra": extra}))
    ]


def _parsed(line: str) -> Requirement | None:
    try:
        return Requirement(line)
    except InvalidRequirement:
        return None  # as pip does with old metadata, with a warning
