"""What `lock`, `diff`, `export`, `bundle` and `mirror` answer."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from sealenv.cli.answers.words import (
    AbsolutePath,
    Bytes,
    Count,
    MaybeSha256,
    Moment,
    Sha256,
    Texts,
    Warned,
)

__all__ = [
    "Bundled",
    "Change",
    "Compared",
    "Exported",
    "Locked",
    "LockedPlatform",
    "Mirrored",
    "Package",
    "Side",
    "Wheel",
]


class Package(TypedDict):
    """One package of a lock."""

    name: str
    version: str
    build: str
    subdir: str
    url: str
    sha256: MaybeSha256
    size: Bytes | None


class Wheel(TypedDict):
    """One wheel of a lock."""

    name: str
    version: str
    url: str
    sha256: Sha256
    size: Bytes | None


class LockedPlatform(TypedDict):
    """The lock of one platform."""

    platform: str
    digest: Sha256
    channels: list[str]
    specs: list[str]
    virtual_packages: list[str]
    exclude_newer: Moment | None
    packages: list[Package]
    wheels: list[Wheel]


class Side(TypedDict):
    """What one of two locks has."""

    version: str
    build: str | None
    channel: str | None
    url: str
    sha256: MaybeSha256


class Change(TypedDict):
    """One package that is not the same in both."""

    platform: str
    name: str
    kind: Literal["conda", "pypi"]
    what: Literal["added", "removed", "changed"]
    differs: list[Literal["version", "build", "channel", "sha256"]]
    before: Side | None
    after: Side | None


class Locked(Warned):
    """`lock`."""

    output: AbsolutePath | None
    written: bool
    name: str | None
    locks: list[LockedPlatform]
    changes: list[Change]


class Compared(Warned):
    """`diff`: exit code 1 unless equal."""

    before: str
    after: str
    platforms: list[str]
    equal: bool
    without_digest: list[str]
    changes: list[Change]


class Exported(Warned):
    """`export -o FILE`."""

    output: AbsolutePath
    format: str
    bytes: Bytes
    notes: Texts


class Bundled(Warned):
    """`bundle`."""

    file: AbsolutePath
    sha256: Sha256
    bytes: Bytes
    name: str
    platforms: list[str]
    members: Count
    micromamba: Annotated[dict[str, str], Meta(description="subdir -> version; empty: unknown")]
    notes: Texts


class Mirrored(Warned):
    """`mirror`."""

    folder: AbsolutePath
    packages: Count
    added: Count
    bytes: Bytes
    indexed: list[str]
    notes: Texts
