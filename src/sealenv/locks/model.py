"""The lock: the exact packages that a spec was solved to, for each platform."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from sealenv.errors import SpecError
from sealenv.fields import Bytes, MaybeSha256, Sha256
from sealenv.spec.matchspec import package_name


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One package, with its record in the channel's repodata (CEP 36). The URL has no credentials."""

    url: str
    channel: str
    fn: str
    sha256: str
    size: int | None
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """The package name."""
        return str(self.record["name"])

    @property
    def version(self) -> str:
        """The version."""
        return str(self.record["version"])

    @property
    def build(self) -> str:
        """The build string."""
        return str(self.record["build"])

    @property
    def subdir(self) -> str:
        """The platform, or `noarch`."""
        return str(self.record["subdir"])

    @property
    def dist(self) -> str:
        """name-version-build, the name of the file in conda-meta."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def is_noarch_python(self) -> bool:
        """Whether it is linked as a noarch python package (CEP 20, 34)."""
        return self.record.get("noarch") == "python"


class LockedWheel(msgspec.Struct, frozen=True, kw_only=True):
    """One wheel from a Python package index. Bundles of older versions have more fields."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    url: str
    sha256: str
    size: int | None = None
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None

    @property
    def dist(self) -> str:
        """name-version."""
        return f"{self.name}-{self.version}"

    @property
    def fn(self) -> str:
        """The file name (PEP 427)."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])


class Lock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The packages of one platform, dependencies before dependents."""

    platform: str
    channels: tuple[str, ...]
    packages: tuple[LockedPackage, ...]
    virtual_packages: tuple[str, ...] = ()
    exclude_newer: str | None = None
    wheels: tuple[LockedWheel, ...] = ()
    indexes: tuple[str, ...] = ()
    """The package indexes, in order, without credentials."""
    find_links: tuple[str, ...] = ()
    """Additional pages or folders of wheels."""
    specs: tuple[str, ...] = ()
    """The requested MatchSpecs; empty if the format does not store them."""
    requirements: tuple[str, ...] = ()
    """The requirements for pip (PEP 508)."""

    def find(self, name: str) -> LockedPackage | None:
        """Return the package of that name, if it is locked."""
        return next((p for p in self.packages if p.name == name), None)

    @property
    def archives(self) -> tuple[LockedPackage | LockedWheel, ...]:
        """All files to fetch: packages, then wheels."""
        return (*self.packages, *self.wheels)

    def digest(self) -> str:
        """Return the sha256 of the platform and the sorted URLs and digests of all files."""
        lines = [f"{p.url}#{p.sha256}" for p in self.packages]
        lines += [f"{w.url}#{w.sha256}" for w in self.wheels]
        text = "\n".join(["sealenv-lock-1", self.platform, *sorted(lines), ""])
        return hashlib.sha256(text.encode()).hexdigest()


class LockFile(msgspec.Struct, frozen=True, kw_only=True):
    """The locks of one environment, by platform. Bundles of older versions have more fields."""

    locks: tuple[Lock, ...]
    name: str | None = None
    variables: dict[str, str] = {}
    """The environment variables that environment.yml sets."""
    other_environments: tuple[str, ...] = ()
    """The names of the environments in a pixi.lock that are not in `locks`."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platforms, in the order of the file."""
        return tuple(lock.platform for lock in self.locks)

    @property
    def channels(self) -> tuple[str, ...]:
        """All channels: those of the first platform, then additional ones of other platforms."""
        return tuple(dict.fromkeys(channel for lock in self.locks for channel in lock.channels))

    @property
    def channels_apart(self) -> dict[str, list[str]]:
        """The channels of each platform, if their order differs between platforms."""
        if all(lock.channels == self.channels for lock in self.locks):
            return {}
        return {lock.platform: list(lock.channels) for lock in self.locks}

    def lock_for(self, platform: str, source: str | None = None) -> Lock:
        """Return the lock for a platform.

        Args:
            platform: the subdir.
            source: the name of the file, for the hint.

        Raises:
            SpecError: the file has no lock for it.
        """
        for lock in self.locks:
            if lock.platform == platform:
                return lock
        hint = "choose one of them with --platform"
        if source:
            hint += f", or lock it for this one too: sealenv lock -f {source} --platform {platform}"
        raise SpecError(
            f"nothing is locked for {platform}",
            details=[f"locked for {known}" for known in self.platforms],
            hint=hint,
        )


def depends_on(package: LockedPackage) -> list[str]:
    """Return the names of the dependencies, including virtual packages."""
    return [package_name(d) for d in package.record.get("depends", ()) if d.strip()]


def topological(packages: Iterable[LockedPackage]) -> list[LockedPackage]:
    """Sort packages by name, with dependencies first; break cycles."""
    by_name = {package.name: package for package in packages}
    order = dependencies_first({name: depends_on(p) for name, p in by_name.items()})
    return [by_name[name] for name in order]


def dependencies_first(needs: Mapping[str, Iterable[str]]) -> list[str]:
    """Sort names, each after the names that it needs; break cycles."""
    done: dict[str, None] = {}
    entered: set[str] = set()
    stack = [(name, False) for name in sorted(needs, reverse=True)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            done[name] = None
        elif name not in entered:
            entered.add(name)
            stack.append((name, True))
            stack += [(n, False) for n in sorted(set(needs[name]), reverse=True) if n in needs]
    return list(done)


def roots(needs: dict[str, list[str]]) -> list[str]:
    """Return the names that no other name needs; of a cycle without an entry, all names."""
    needed = {other for name, others in needs.items() for other in others if other != name}
    found = [name for name in needs if name not in needed]
    reached = set(found)
    stack = list(found)
    while stack:
        new = {name for name in needs[stack.pop()] if name in needs} - reached
        reached |= new
        stack += new
    return sorted([*found, *(needs.keys() - reached)])


def requested(lock: Lock) -> tuple[str, ...]:
    """Return the requested specs, or the packages that no other package depends on."""
    return lock.specs or tuple(roots({p.name: depends_on(p) for p in lock.packages}))


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a lock, as `lock` and `create --dry-run` list it."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    url: str
    sha256: MaybeSha256
    size: Bytes | None


class Wheel(msgspec.Struct, frozen=True, kw_only=True):
    """One wheel of a lock."""

    name: str
    version: str
    url: str
    sha256: Sha256
    size: Bytes | None

    @property
    def file(self) -> str:
        """The file name."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])


def packages_of(lock: Lock) -> tuple[Package, ...]:
    """List the packages, dependencies first."""
    return tuple(msgspec.convert(p, Package, from_attributes=True) for p in lock.packages)


def wheels_of(lock: Lock) -> tuple[Wheel, ...]:
    """List the wheels."""
    return tuple(msgspec.convert(w, Wheel, from_attributes=True) for w in lock.wheels)
