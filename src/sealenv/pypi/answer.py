"""Read pip's answer: an error, or the wheels to lock, those that are kept, and their order.

pip sees kept wheels as installed and replaces only what it must. So the same files stay, not only the
same versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser
from typing import Any
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from sealenv.errors import DigestError, FetchError, SealenvError, SolveError
from sealenv.locks import LockedWheel
from sealenv.locks.checks import check_url, file_name
from sealenv.locks.model import dependencies_first
from sealenv.pypi.machine import Distribution, Machine
from sealenv.spec.model import EnvironmentSpec
from sealenv.urls import redact, split_credentials

_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT[\d:,.]+ ", re.MULTILINE)
_UNREACHED = re.compile(
    r"Could not fetch URL (?P<url>\S+): (?P<why>(?!404).+?)(?: - skipping)?$|"
    r"HTTP error (?P<code>\d+) while getting (?P<file>\S+)|"
    r"(?P<other>(?:Connection|Proxy|SSL|ReadTimeout)Error: .+)$|"
    r"(?P<insecure>repository located at \S+ is not a trusted or secure host)",
    re.MULTILINE,
)
_CONFLICT = re.compile(r"The conflict is caused by:\n((?: +\S.*\n)+)")
_LINE = re.compile(r"-r \S+ \(line (\d+)\)")
_MOST_LINES = 15
_EXTRA = re.compile(r"extra\s*==\s*[\"']([^\"']+)")


def read_report(report: Mapping[str, Any]) -> list[LockedWheel]:
    """Return the wheels of a report (`pip install --report`, version 1).

    Raises:
        DigestError: the index gives no sha256 for a wheel.
        SolveError: a file is not a wheel, or a lock cannot have its URL.
    """
    return [_locked(item) for item in report["install"]]


def explain(
    log: str, stderr: str, spec: EnvironmentSpec, pins: Sequence[str], requirements: Sequence[str]
) -> SealenvError:
    """Return the error for a pip that failed, without secrets and names of temporary files.

    Args:
        log: what pip wrote with `--log`.
        stderr: what it printed.
        spec: the request.
        pins: conda's packages, as `name==version`.
        requirements: the lines of the requirements file.
    """

    def clean(text: str) -> str:
        return redact(_LINE.sub(lambda match: repr(requirements[int(match[1]) - 1]), text))

    log, stderr = clean(_TIME.sub("", log)), clean(stderr)
    where = ", ".join(spec.indexes)
    if "DO NOT MATCH THE HASHES" in stderr:
        return DigestError(
            "a wheel does not match the digest in its index",
            where=where,
            details=_lines(stderr)[1:],
            hint="it was not used; try again, and if it persists tell the index's owner",
        )
    if found := _UNREACHED.search(log):
        reason = found["why"] or found["other"] or found["insecure"]
        return FetchError(
            "a Python package index could not be read",
            where=(found["url"] or found["file"] or where).partition("#")[0],
            details=[(reason or f"HTTP error {found['code']}")[:300]],
            hint="check the network, the URL (https), and user and password in the URL or in netrc",
        )
    conflict = _CONFLICT.search(log)
    pinned = [p for p in pins if re.search(rf"\(constraint\) {re.escape(p)}(?!\S)", log)]
    return SolveError(
        "the 'pip:' section conflicts with conda's packages"
        if pinned
        else "no set of wheels satisfies the 'pip:' section",
        where=where,
        details=[
            *_lines(conflict[1] if conflict else stderr),
            *(f"conda has {pin}" for pin in pinned),
        ],
        hint="the details are pip's. Only wheels are used: relax a requirement, use a conda package, "
        "or build a wheel and give its folder with --find-links",
    )


def _lines(text: str) -> list[str]:
    """Return the lines of pip without its advice on pip."""
    skipped = ("WARNING", "[notice]", "DEPRECATION", "To fix this")
    lines = [line.strip() for line in text.splitlines()]
    return [
        line.removeprefix("ERROR: ")
        for line in lines
        if line and not line.startswith(skipped) and "for help visit" not in line
    ][:_MOST_LINES]


def _locked(item: Mapping[str, Any]) -> LockedWheel:
    info, metadata = item["download_info"], item["metadata"]
    url = _lockable(str(metadata["name"]), str(info["url"]).partition("#")[0])
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
        requires_dist=tuple(map(str, metadata.get("requires_dist") or ())),
        requires_python=metadata.get("requires_python") or None,
    )


def _lockable(name: str, url: str) -> str:
    """Return the URL for the lock, without credentials."""
    url = split_credentials(url).clean
    if urlsplit(url).query:
        raise SolveError(
            f"the URL of {name} has a query, which may be a secret or expire, so it cannot be locked",
            where=url.partition("?")[0],
            hint="use an index with plain URLs, or put the wheel in a folder and use --find-links",
        )
    if fault := check_url(url):
        raise SolveError(f"the URL of {name} cannot be locked: {redact(fault)}")
    file = file_name(url)
    if not file.endswith(".whl"):
        raise SolveError(f"{file} is not a wheel", where=url)
    return url


def topological(
    wheels: Iterable[LockedWheel], markers: Mapping[str, str]
) -> tuple[LockedWheel, ...]:
    """Sort wheels by name, with dependencies first; break cycles, which wheels can have."""
    by_name = {wheel.name: wheel for wheel in wheels}
    order = dependencies_first({name: _needs(w, markers) for name, w in by_name.items()})
    return tuple(by_name[name] for name in order)


def _needs(wheel: LockedWheel, markers: Mapping[str, str]) -> set[str]:
    """Return the names of the possible dependencies, with any extra."""
    names: set[str] = set()
    for requirement in _parsed(wheel.requires_dist):
        marker = requirement.marker
        if marker is None or "extra" in str(marker) or marker.evaluate(dict(markers)):
            names.add(canonicalize_name(requirement.name))
    return names


def split_kept(
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


def as_installed(wheel: LockedWheel) -> Distribution:
    """Return the wheel as a distribution that is installed."""
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
