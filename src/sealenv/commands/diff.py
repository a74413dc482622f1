"""`diff`: what differs between locks and environments, by their records; nothing is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import msgspec
from packaging.version import InvalidVersion, Version

from sealenv.errors import UsageError
from sealenv.fields import MaybeSha256
from sealenv.locks import Lock, LockFile
from sealenv.request import StrPath, named
from sealenv.request.subject import Subject, sealed_lock, subject

Kind: TypeAlias = Literal["conda", "pypi"]
Fact: TypeAlias = Literal["version", "build", "channel", "sha256"]
_FACTS: tuple[Fact, ...] = ("version", "build", "channel", "sha256")


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """A package in one of the two locks."""

    version: str
    build: str | None
    channel: str | None
    url: str
    sha256: MaybeSha256


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A package that differs."""

    platform: str
    name: str
    kind: Kind
    what: Literal["added", "removed", "changed"]
    differs: tuple[Fact, ...]
    """The facts that differ; empty unless changed."""
    before: Side | None
    after: Side | None

    def words(self) -> str:
        """Return the change in one line."""
        a, b = self.before, self.after
        if a is None or b is None:
            side = a or b
            assert side is not None
            return f"{'+' if a is None else '-'} {self.name} {_dist(side)}"
        if set(self.differs) <= {"sha256"}:
            return f"~ {self.name} {_dist(a)}: other bytes, {a.sha256[:12]} -> {b.sha256[:12]}"
        parts = []
        if {"version", "build"} & set(self.differs):
            full = a.version == b.version
            parts.append(f"{_dist(a, full)} -> {_dist(b, full)}")
        if "channel" in self.differs:
            parts.append(f"{a.channel} -> {b.channel}")
        return f"~ {self.name} {', '.join(parts)}"


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two locks or environments.

    Attributes:
        before: what A is called.
        after: what B is called.
        platforms: those that were compared.
        equal: whether nothing differs.
        without_digest: packages in both of which one side does not know the sha256,
            so their bytes cannot be compared.
        changes: by platform and name.
    """

    before: str
    after: str
    platforms: tuple[str, ...]
    equal: bool
    without_digest: tuple[str, ...]
    changes: tuple[Change, ...]


def diff(a: StrPath, b: StrPath | None = None) -> Comparison:
    """Compare A with B: locks of any format, or environments. Nothing is written.

    An environment is one platform: of a lock with several, that one is compared.

    Args:
        a: alone it is an environment, which is compared with the lock in its seal.
        b: the other one.

    Raises:
        UsageError: a lock alone.
        NotFoundError, SpecError, DigestError, RecordError: one of them cannot be read.
    """
    before = subject(named(a), strict=False)
    if b is None:
        if before.prefix is None:
            raise UsageError(
                "diff needs two locks or environments", hint="name two: sealenv diff A B"
            )
        sealed = sealed_lock(before.prefix)
        after = before
        before = Subject(f"the seal of {named(a)}", LockFile(locks=(sealed,)), before.prefix)
    else:
        after = subject(named(b), strict=False)
    left, right = _only(before, after), _only(after, before)
    platforms = tuple(dict.fromkeys([*left.platforms, *right.platforms]))
    found = tuple(changes_between(left, right))
    return Comparison(
        before=before.title,
        after=after.title,
        platforms=platforms,
        equal=not found,
        without_digest=tuple(without_digest(left, right)),
        changes=found,
    )


def _only(one: Subject, other: Subject) -> LockFile:
    """The locks that an environment on the other side can be compared with."""
    if other.prefix is None or one.prefix is not None:
        return one.file
    wanted = other.file.platforms[0]
    kept = tuple(lock for lock in one.file.locks if lock.platform == wanted)
    return msgspec.structs.replace(one.file, locks=kept or one.file.locks)


def _dist(side: Side, full: bool = True) -> str:
    return f"{side.version} {side.build}" if full and side.build else side.version


def changes_between(before: LockFile, after: LockFile) -> list[Change]:
    """Return the added, removed and changed packages, by platform and name.

    A package is the same if version (of a wheel: PEP 440), build, sha256 and channel are. An unknown
    sha256 is not a difference, and with the same URL neither is the channel: a list does not store it.
    """
    changes: list[Change] = []
    for platform, kind, name, a, b in _pairs(before, after):
        differs = _differs(kind, a, b) if a and b else ()
        if differs or not (a and b):
            changes.append(
                Change(
                    platform=platform,
                    name=name,
                    kind=kind,
                    what="changed" if a and b else "removed" if a else "added",
                    differs=differs,
                    before=a,
                    after=b,
                )
            )
    return changes


def without_digest(before: LockFile, after: LockFile) -> list[str]:
    """Return the names of packages in both locks whose bytes cannot be compared."""
    pairs = _pairs(before, after)
    return sorted({name for *_, name, a, b in pairs if a and b and not (a.sha256 and b.sha256)})


def _pairs(
    before: LockFile, after: LockFile
) -> Iterator[tuple[str, Kind, str, Side | None, Side | None]]:
    """Yield platform, kind, name and both sides of each package."""
    left = {lock.platform: lock for lock in before.locks}
    right = {lock.platform: lock for lock in after.locks}
    for platform in sorted({*left, *right}):
        a, b = _sides(left.get(platform)), _sides(right.get(platform))
        for key in sorted({*a, *b}):
            yield platform, *key, a.get(key), b.get(key)


def _differs(kind: Kind, a: Side, b: Side) -> tuple[Fact, ...]:
    same = {"channel"} if a.url == b.url else set()
    if kind == "pypi" and _same_version(a.version, b.version):
        same.add("version")
    if not (a.sha256 and b.sha256):
        same.add("sha256")
    return tuple(key for key in _FACTS if getattr(a, key) != getattr(b, key) and key not in same)


def _same_version(version: str, other: str) -> bool:
    try:
        return Version(version) == Version(other)
    except InvalidVersion:
        return False


def _sides(lock: Lock | None) -> dict[tuple[Kind, str], Side]:
    found: dict[tuple[Kind, str], Side] = {}
    for p in lock.packages if lock else ():
        channel = p.channel.rstrip("/")
        found["conda", p.name] = Side(
            version=p.version, build=p.build, channel=channel, url=p.url, sha256=p.sha256
        )
    for w in lock.wheels if lock else ():
        found["pypi", w.name] = Side(
            version=w.version, build=None, channel=None, url=w.url, sha256=w.sha256
        )
    return found
