"""What differs between two locks."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec
from packaging.version import InvalidVersion, Version

from sealenv.fields import MaybeSha256
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile

__all__ = ["Change", "diff", "without_digest"]

Kind: TypeAlias = Literal["conda", "pypi"]
Fact: TypeAlias = Literal["version", "build", "channel", "sha256"]
_FACTS: tuple[Fact, ...] = ("version", "build", "channel", "sha256")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the two has."""

    version: str
    build: str | None
    channel: str | None
    url: str
    sha256: MaybeSha256


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One package that is not the same in both."""

    platform: str
    name: str
    kind: Kind
    what: Literal["added", "removed", "changed"]
    differs: tuple[Fact, ...]
    """Which facts are not the same; empty unless changed."""
    before: Side | None
    after: Side | None

    def words(self) -> str:
        """One line for people."""
        a, b = self.before, self.after
        if a is None or b is None:
            there = a or b
            assert there is not None
            return f"{'+' if a is None else '-'} {self.name} {_dist(there)}"
        if set(self.differs) <= {"sha256"}:
            return f"~ {self.name} {_dist(a)}: other bytes, {a.sha256[:12]} -> {b.sha256[:12]}"
        parts = []
        if {"version", "build"} & set(self.differs):
            full = a.version == b.version
            parts.append(f"{_dist(a, full)} -> {_dist(b, full)}")
        if "channel" in self.differs:
            parts.append(f"{a.channel} -> {b.channel}")
        return f"~ {self.name} {', '.join(parts)}"


def _dist(side: Side, full: bool = True) -> str:
    return f"{side.version} {side.build}" if full and side.build else side.version


def diff(before: LockFile, after: LockFile) -> list[Change]:
    """What was added, removed and changed, by platform and name; empty where nothing differs.

    A package is the same when version (of a wheel by PEP 440), build, sha256 and channel are. A sha256
    that one side does not know counts for none, and so does the channel where the address is the same:
    a list's is guessed from that, though packages may lie elsewhere (`base_url`, CEP 15). A platform
    that one side alone has counts with all its packages.
    """
    changes: list[Change] = []
    left = {lock.platform: lock for lock in before.locks}
    right = {lock.platform: lock for lock in after.locks}
    for platform in sorted({*left, *right}):
        a, b = _sides(left.get(platform)), _sides(right.get(platform))
        for kind, name in sorted({*a, *b}):
            change = _change(platform, kind, name, a.get((kind, name)), b.get((kind, name)))
            if change.what != "changed" or _really(change):
                changes.append(change)
    return changes


def without_digest(before: LockFile, after: LockFile) -> list[str]:
    """The packages in both that cannot be compared to the byte: one side does not know the sha256."""
    left = {lock.platform: _sides(lock) for lock in before.locks}
    right = {lock.platform: _sides(lock) for lock in after.locks}
    return sorted(
        {
            name
            for platform in left.keys() & right.keys()
            for kind, name in left[platform].keys() & right[platform].keys()
            if not (left[platform][kind, name].sha256 and right[platform][kind, name].sha256)
        }
    )


def _change(
    platform: str, kind: Kind, name: str, before: Side | None, after: Side | None
) -> Change:
    both = before is not None and after is not None
    return Change(
        platform=platform,
        name=name,
        kind=kind,
        what="changed" if both else "removed" if before else "added",
        differs=_differs(kind, before, after) if before and after else (),
        before=before,
        after=after,
    )


def _differs(kind: Kind, a: Side, b: Side) -> tuple[Fact, ...]:
    same = {"channel"} if a.url == b.url else set()
    if kind == "pypi" and _is_one(a.version, b.version):
        same.add("version")
    return tuple(key for key in _FACTS if getattr(a, key) != getattr(b, key) and key not in same)


def _really(change: Change) -> bool:
    a, b = change.before, change.after
    assert a is not None
    assert b is not None
    known = bool(a.sha256 and b.sha256)
    return any(key != "sha256" or known for key in change.differs)


def _is_one(version: str, other: str) -> bool:
    """Whether two texts are one version (PEP 440)."""
    try:
        return Version(version) == Version(other)
    except InvalidVersion:
        return False


def _sides(lock: Lock | None) -> dict[tuple[Kind, str], Side]:
    if lock is None:
        return {}
    found: dict[tuple[Kind, str], Side] = {("conda", p.name): _conda(p) for p in lock.packages}
    found.update({("pypi", w.name): _pypi(w) for w in lock.wheels})
    return found


def _conda(package: LockedPackage) -> Side:
    return Side(
        version=package.version,
        build=package.build,
        channel=package.channel.rstrip("/"),
        url=package.url,
        sha256=package.sha256,
    )


def _pypi(wheel: LockedWheel) -> Side:
    return Side(version=wheel.version, build=None, channel=None, url=wheel.url, sha256=wheel.sha256)
