"""The lock: the exact packages per platform that a spec was solved to."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from sealenv.errors import SpecError

__all__ = ["Lock", "LockFile", "LockedPackage", "LockedWheel"]


class LockedPackage(msgspec.Struct, frozen=True, kw_only=True):
    """One package: its repodata record, with the URL free of credentials.

    `record` is the channel's own record (CEP 36), unchanged but for what identifies the file, so
    that a prefix record made from it says what the channel said.
    """

    url: str
    channel: str
    fn: str
    sha256: str
    size: int | None
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """The normalised package name."""
        return str(self.record["name"])

    @property
    def version(self) -> str:
        """The version as the channel writes it."""
        return str(self.record["version"])

    @property
    def build(self) -> str:
        """The build string."""
        return str(self.record["build"])

    @property
    def subdir(self) -> str:
        """`noarch`, `linux-64` ..."""
        return str(self.record["subdir"])

    @property
    def dist(self) -> str:
        """name-version-build, as conda-meta files are called."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def is_noarch_python(self) -> bool:
        """Whether site-packages paths and entry points are decided at link time (CEP 20, 34)."""
        return self.record.get("noarch") == "python"


class LockedWheel(msgspec.Struct, frozen=True, kw_only=True):
    """One distribution from a Python package index: a wheel, the same bytes on every machine."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    url: str
    sha256: str
    size: int | None = None
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None
    index: str | None = None
    """Where a pixi.lock says that it is from; nothing of locks that sealenv solved."""
    direct: bool = False
    """Whether a pixi.lock says that it was asked for by address."""

    @property
    def dist(self) -> str:
        """name-version, for people."""
        return f"{self.name}-{self.version}"

    @property
    def fn(self) -> str:
        """The file name, which names what the wheel is for (PEP 427)."""
        return unquote(urlsplit(self.url).path.rsplit("/", 1)[-1])


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """Everything for one platform, dependencies before dependents."""

    platform: str
    channels: tuple[str, ...]
    packages: tuple[LockedPackage, ...]
    virtual_packages: tuple[str, ...] = ()
    exclude_newer: str | None = None
    wheels: tuple[LockedWheel, ...] = ()
    indexes: tuple[str, ...] = ()
    """Where the wheels were looked for, in order; without credentials."""
    find_links: tuple[str, ...] = ()
    """Pages or folders of wheels that were looked in besides."""
    specs: tuple[str, ...] = ()
    """The MatchSpecs that were asked for; empty where the lock's format does not keep them."""
    requirements: tuple[str, ...] = ()
    """The same of pip's: PEP 508."""

    def find(self, name: str) -> LockedPackage | None:
        """The package of that name, if it is locked."""
        return next((p for p in self.packages if p.name == name), None)

    @property
    def archives(self) -> tuple[LockedPackage | LockedWheel, ...]:
        """Every file that is fetched."""
        return (*self.packages, *self.wheels)

    def digest(self) -> str:
        """sha256 (hex) over platform and every package's and wheel's URL and sha256, in sorted order.

        It names the lock in the seal. It does not depend on the order of solving.
        """
        lines = [f"{p.url}#{p.sha256}" for p in self.packages]
        lines += [f"{w.url}#{w.sha256}" for w in self.wheels]
        text = "\n".join(["sealenv-lock-1", self.platform, *sorted(lines), ""])
        return hashlib.sha256(text.encode()).hexdigest()


class LockFile(msgspec.Struct, frozen=True, kw_only=True):
    """The locks of one environment, each for a platform of its own."""

    locks: tuple[Lock, ...]
    name: str | None = None
    variables: dict[str, str] = {}
    """Environment variables that environment.yml sets; empty where the format does not keep them."""
    options: dict[str, str] = {}
    """How pixi solved it, where a pixi.lock says so."""
    other_environments: tuple[str, ...] = ()
    """What the file holds besides, where it is a pixi.lock: it is not in `locks`."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """The subdirs, in the file's order."""
        return tuple(lock.platform for lock in self.locks)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel once: of the first platform in their order, then what others have besides."""
        return tuple(dict.fromkeys(channel for lock in self.locks for channel in lock.channels))

    @property
    def channels_apart(self) -> dict[str, list[str]]:
        """The channels by platform, where one list does not say the order of each; else nothing."""
        if all(lock.channels == self.channels for lock in self.locks):
            return {}
        return {lock.platform: list(lock.channels) for lock in self.locks}

    def lock_for(self, platform: str, source: str | None = None) -> Lock:
        """The lock for a subdir.

        Args:
            platform: the subdir.
            source: the file's name, for the hint.

        Raises:
            SpecError: there is none for it.
        """
        for lock in self.locks:
            if lock.platform == platform:
                return lock
        raise SpecError(
            f"nothing is locked for {platform}",
            details=[f"locked for {known}" for known in self.platforms],
            hint="choose one of them with --platform"
            + (
                f", or lock it for this one too: sealenv lock -f {source} --platform {platform}"
                if source
                else ""
            ),
        )
