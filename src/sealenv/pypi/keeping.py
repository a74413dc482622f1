"""Wheels that stay where they can: pip takes them for installed, and moves what it must.

So the very files stay, not their versions, and what is asked for decides what else has to move: it is
what `pip install` does in an environment that has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from email.parser import HeaderParser

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from sealenv.locks import LockedWheel
from sealenv.pypi.machine import Machine
from sealenv.store.distributions import Distribution

__all__ = ["as_installed", "fitting", "needed"]

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
