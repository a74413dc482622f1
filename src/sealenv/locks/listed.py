"""The packages and wheels of a lock, as `lock` and `create --dry-run` list them."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import msgspec

from sealenv.fields import Bytes, MaybeSha256, Sha256
from sealenv.locks.model import Lock

__all__ = ["Package", "Wheel", "packages_of", "wheels_of"]


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """One package of a lock."""

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
    return tuple(
        Package(
            name=p.name, version=p.version, build=p.build, channel=p.channel, subdir=p.subdir,
            url=p.url, sha256=p.sha256, size=p.size,
        )
        for p in lock.packages
    )  # fmt: skip


def wheels_of(lock: Lock) -> tuple[Wheel, ...]:
    """List the wheels."""
    return tuple(
        Wheel(name=w.name, version=w.version, url=w.url, sha256=w.sha256, size=w.size)
        for w in lock.wheels
    )
