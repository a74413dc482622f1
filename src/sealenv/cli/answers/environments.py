"""What is said of environments: `list`, `info`, `remove`, `cache`."""

from __future__ import annotations

from typing import Literal, TypedDict

from sealenv.cli.answers.words import AbsolutePath, Bytes, Count, Moment, Warned
from sealenv.seals.seal import Seal

__all__ = [
    "CacheCleaned",
    "CacheInfo",
    "CachePart",
    "Environment",
    "Info",
    "Listed",
    "Listing",
    "Record",
    "Removed",
]


class Environment(TypedDict):
    """One environment."""

    name: str
    prefix: AbsolutePath
    state: Literal["sealed", "pending", "foreign", "moved", "unreadable"]
    python: str | None
    platform: str | None
    created: Moment | None
    checked: bool | None
    busy: bool
    packages: Count
    problem: str | None


class Listed(Environment, total=False):
    """One environment of the list; without its size with `--no-size`."""

    files: Count
    bytes: Bytes


class Listing(Warned):
    """`list`."""

    environments: list[Listed]


class Record(TypedDict):
    """A package in an environment."""

    name: str
    version: str
    build: str
    channel: str
    requested: list[str]


class Info(Environment):
    """`info`."""

    files: Count
    bytes: Bytes
    seal: Seal | None
    package_list: list[Record]


class Removed(Warned):
    """`remove`."""

    removed: AbsolutePath
    files: Count
    bytes: Bytes


class CachePart(TypedDict):
    """One part of the cache."""

    part: str
    path: AbsolutePath
    files: Count
    bytes: Bytes


class CacheInfo(Warned):
    """`cache info`."""

    root: AbsolutePath
    conda_cache: AbsolutePath
    parts: list[CachePart]


class CacheCleaned(Warned):
    """`cache clean`."""

    root: AbsolutePath
    parts: list[str]
    bytes: Bytes
