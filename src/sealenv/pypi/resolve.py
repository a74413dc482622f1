"""Resolve requirements to locked wheels for a conda lock, with pip.

Conda's distributions are installed and pinned for pip, so it does not replace them. Only wheels are
used: they have the same bytes on every machine, and nothing is built. pip sees kept wheels as installed
and replaces only what it must, so the same files stay, not only the same versions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from email.parser import HeaderParser
from typing import Any
from urllib.parse import urlsplit

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from sealenv.errors import DigestError, OfflineError, SolveError
from sealenv.locks import Lock, LockedWheel
from sealenv.locks.checks import check_url, file_name
from sealenv.locks.model import dependencies_first
from sealenv.pypi.machine import Distribution, Machine, machine_of
from sealenv.pypi.pip import Question, ask
from sealenv.spec.model import EnvironmentSpec
from sealenv.urls import redact, split_credentials


def resolve_wheels(
    spec: EnvironmentSpec,
    lock: Lock,
    installed: Sequence[Distribution],
    *,
    offline: bool,
    timeout: float,
    environ: Mapping[str, str],
    keep: Sequence[LockedWheel] = (),
    warn: Callable[[str], None] = lambda note: None,
) -> Lock:
    """Return the lock with the wheels for `spec.requirements`.

    The files of the wheels to `keep` stay unless the request requires others.
    `warn` gets unknown extras.

    Raises:
        SolveError: no set of wheels satisfies the requirements, or a URL cannot be locked.
        FetchError: an index cannot be read.
        OfflineError: an index is not a folder.
        DigestError: an index gives no sha256.
        SpecError: the environment has no CPython.
        EngineError: the pip installed with sealenv cannot be used.
    """
    question = Question(spec, machine_of(lock), tuple(installed), timeout)
    if offline and not question.is_local:
        raise OfflineError(
            "the 'pip:' section cannot be resolved offline",
            hint="run the same command without --offline, or create from a lock",
        )
    owned = {canonicalize_name(d.name) for d in installed}
    free = [wheel for wheel in keep if wheel.name not in owned]
    stay, other = _split_kept(free, question.machine, spec.requirements)
    pins = tuple(f"{wheel.name}==={wheel.version}" for wheel in other)
    question = replace(question, kept=tuple(stay), kept_pins=pins)
    try:
        wheels = _ask(question, environ, warn)
    except SolveError:
        if not pins:
            raise
        question = replace(question, kept_pins=())
        wheels = _ask(question, environ, warn)
    return msgspec.structs.replace(
        lock,
        wheels=wheels,
        requirements=spec.requirements,
        indexes=spec.indexes,
        find_links=spec.find_links,
    )


def _ask(
    question: Question, environ: Mapping[str, str], warn: Callable[[str], None]
) -> tuple[LockedWheel, ...]:
    """Return the wheels of pip's answer and the kept ones; refuse to replace a conda package."""
    requirements = question.spec.requirements
    report = ask(question, environ)
    found = [_locked(item) for item in report["install"]]
    for note in report["notes"]:
        warn(note)
    owners: dict[str, Distribution] = {canonicalize_name(d.name): d for d in question.installed}
    for wheel in found:
        owner = owners.get(wheel.name)
        if owner is not None:
            raise SolveError(
                f"pip would replace conda's {owner.package} by {wheel.name} {wheel.version}",
                hint=f"leave one of the two out, or ask conda for the right {wheel.name}",
            )
    wheels = {wheel.name: wheel for wheel in (*question.kept, *found)}
    markers = question.machine.markers
    left = _needed([*wheels.values()], question.installed, requirements, markers)
    return _topological(left, markers)


def _locked(item: Mapping[str, Any]) -> LockedWheel:
    """Return the wheel of an item of pip's report (`pip install --report`, version 1).

    Raises:
        DigestError: the index gives no sha256 for it.
        SolveError: it is not a wheel, or a lock cannot have its URL.
    """
    info, metadata = item["download_info"], item["metadata"]
    name = str(metadata["name"])
    url = split_credentials(str(info["url"]).partition("#")[0]).clean
    if urlsplit(url).query:
        raise SolveError(
            f"the URL of {name} has a query, which may be a secret or expire, so it cannot be locked",
            where=url.partition("?")[0],
            hint="use an index with plain URLs, or put the wheel in a folder and use --find-links",
        )
    if fault := check_url(url):
        raise SolveError(f"the URL of {name} cannot be locked: {redact(fault)}")
    if not url.endswith(".whl"):
        raise SolveError(f"{file_name(url)} is not a wheel", where=url)
    sha256 = info.get("archive_info", {}).get("hashes", {}).get("sha256")
    if not sha256:
        raise DigestError(
            f"the index gives no sha256 for {file_name(url)}, so it cannot be verified",
            where=url,
            hint="choose another version or index; the index's owner can add it",
        )
    return LockedWheel(
        name=canonicalize_name(name),
        version=metadata["version"],
        url=url,
        sha256=sha256.lower(),
        requires_dist=tuple(metadata.get("requires_dist", ())),
        requires_python=metadata.get("requires_python"),
    )


def _topological(
    wheels: Sequence[LockedWheel], markers: Mapping[str, str]
) -> tuple[LockedWheel, ...]:
    """Sort wheels by name, with dependencies first; break cycles, which wheels can have."""
    by_name = {wheel.name: wheel for wheel in wheels}
    needs = {
        wheel.name: {
            canonicalize_name(requirement.name)
            for requirement in _parsed(wheel.requires_dist)
            if (marker := requirement.marker) is None
            or "extra" in str(marker)  # any of them
            or marker.evaluate(dict(markers))
        }
        for wheel in wheels
    }
    order = dependencies_first(needs)
    return tuple(by_name[name] for name in order)


def _split_kept(
    wheels: Sequence[LockedWheel], machine: Machine, requirements: Iterable[str]
) -> tuple[list[LockedWheel], list[LockedWheel]]:
    """Split locked wheels into those that fit a machine, and those that need another file.

    Wheels that a requirement names by URL are in neither list: the URL decides.
    """
    lines = [*requirements, *(line for wheel in wheels for line in wheel.requires_dist)]
    addressed = {canonicalize_name(r.name) for r in _parsed(lines) if r.url}
    version = Version(machine.python)
    minor = (version.major, version.minor)
    interpreter = f"cp{version.major}{version.minor}"
    tags = {
        *cpython_tags(minor, [machine.abi], machine.platforms),
        *compatible_tags(minor, interpreter, machine.platforms),
    }

    def fits(wheel: LockedWheel) -> bool:
        try:
            own = parse_wheel_filename(wheel.fn)[3]
            python = SpecifierSet(wheel.requires_python or "")
        except (InvalidWheelFilename, InvalidSpecifier):
            return False
        return bool(tags & own) and python.contains(version, prereleases=True)

    free = [wheel for wheel in wheels if wheel.name not in addressed]
    return [w for w in free if fits(w)], [w for w in free if not fits(w)]


def _needed(
    wheels: Sequence[LockedWheel],
    installed: Iterable[Distribution],
    requirements: Iterable[str],
    markers: Mapping[str, str],
) -> list[LockedWheel]:
    """Return the wheels that the requirements lead to: kept ones may be unused now.

    Args:
        wheels: the new and the kept ones.
        installed: conda's distributions, which can need wheels too.
        requirements: the request.
        markers: every variable of PEP 508 except `extra`.
    """
    requires: dict[str, Sequence[str]] = {w.name: w.requires_dist for w in wheels}
    for one in installed:
        headers = HeaderParser().parsestr(one.metadata)
        requires[canonicalize_name(one.name)] = headers.get_all("Requires-Dist", [])
    reached: dict[str, set[str]] = {}
    rest = _applicable(requirements, markers, "")
    while rest:
        requirement = rest.pop()
        name = canonicalize_name(requirement.name)
        for extra in {"", *requirement.extras} - reached.setdefault(name, set()):
            reached[name].add(extra)
            rest += _applicable(requires.get(name, ()), markers, extra)
    return [wheel for wheel in wheels if wheel.name in reached]


def _applicable(lines: Iterable[str], markers: Mapping[str, str], extra: str) -> list[Requirement]:
    """Return the requirements whose marker is true."""
    values = {**markers, "extra": extra}
    return [r for r in _parsed(lines) if r.marker is None or r.marker.evaluate(values)]


def _parsed(lines: Iterable[str]) -> list[Requirement]:
    """Parse requirements; leave out invalid ones, as pip does with old metadata."""
    found = []
    for line in lines:
        try:
            found.append(Requirement(line))
        except InvalidRequirement:
            continue
    return found
