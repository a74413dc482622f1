"""What `create` answers."""

from __future__ import annotations

from typing import Annotated, Literal, TypedDict

from msgspec import Meta

from sealenv.cli.answers.locks import Package, Wheel
from sealenv.cli.answers.words import AbsolutePath, Bytes, Count, InPrefix, Seconds, Sha256, Warned
from sealenv.seals.seal import EngineNote

__all__ = ["Created", "Engine", "Places", "Planned", "Prints"]


class Prints(TypedDict):
    """Both fingerprints."""

    packages: Sha256
    tree: Sha256 | None


class Created(Warned):
    """`create`: the environment is sealed."""

    prefix: AbsolutePath
    state: Literal["sealed"]
    checked: bool
    python: str | None
    tools: Annotated[dict[str, str], Meta(description="tool -> what it answered")]
    packages: Count
    wheels: Count
    files: Count
    lock_digest: Sha256
    fingerprints: Prints | None
    clobbers: Annotated[
        dict[InPrefix, list[str]], Meta(description="path -> the packages that ship it")
    ]
    link_scripts: list[str]
    skipped_link_scripts: list[str]
    activation: list[InPrefix]
    engine: EngineNote
    post_ran: bool
    seconds: Seconds


class Engine(TypedDict):
    """An engine; its version is empty where it is asked for later."""

    name: str
    version: str


class Places(TypedDict):
    """All that a create writes to."""

    prefix: AbsolutePath
    cache: AbsolutePath
    conda_cache: AbsolutePath


class Planned(Warned):
    """`create --dry-run`: what would be done."""

    prefix: AbsolutePath
    platform: str
    channels: list[str]
    engine: Engine
    lock_digest: Sha256
    packages: list[Package]
    wheels: list[Wheel]
    to_fetch: Count
    fetch_bytes: Bytes
    writes: Places
