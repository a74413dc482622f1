"""Read and write conda-lock.yml, version 1 (CEP 37)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from pathlib import Path
from typing import Any, Literal

import msgspec
from packaging.utils import canonicalize_name

from sealenv.locks.checks import (
    clean_url,
    need_sha256,
    put,
    wheel_url,
)
from sealenv.locks.explicit import bare_package
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile, topological
from sealenv.spec.matchspec import split_spec
from sealenv.spec.yaml_nodes import Node, dump, load


def write_condalock(file: LockFile) -> str:
    """Write a lock; the same lock gives the same bytes."""
    data = {
        "version": 1,
        "metadata": {
            "content_hash": {lock.platform: lock.digest() for lock in file.locks},
            "channels": [{"url": channel, "used_env_vars": []} for channel in file.channels],
            "platforms": file.platforms,
            # conda-lock and micromamba require a source; micromamba refuses an empty list.
            "sources": ["environment.yml"],
        },
        "package": [_row(item, lock.platform) for lock in file.locks for item in lock.archives],
    }
    return "\n".join([*dump(data), ""])


def _row(item: LockedPackage | LockedWheel, platform: str) -> dict[str, Any]:
    row: dict[str, Any] = {"name": item.name, "version": item.version}
    row |= {"manager": "pip", "platform": platform, "dependencies": {}, "url": item.url}
    row["hash"] = {"sha256": item.sha256}
    if isinstance(item, LockedPackage):
        needs: dict[str, list[str]] = {}
        for spec in item.record.get("depends", ()):
            name, constraint = split_spec(spec)
            needs.setdefault(name, []).append(constraint)
        row["manager"] = "conda"
        # The format has one constraint for each name: join them (CEP 29).
        row["dependencies"] = {name: ",".join(filter(None, c)) for name, c in needs.items()}
        if item.record.get("md5"):
            row["hash"] = {"md5": item.record["md5"], "sha256": item.sha256}
        row["build"] = item.build
    return row | {"category": "main", "optional": False}


class _Url(msgspec.Struct):
    url: str


class _Metadata(msgspec.Struct):
    channels: list[_Url]
    platforms: list[str]


class _Hash(msgspec.Struct):
    md5: str | None = None
    sha256: str | None = None


class _Row(msgspec.Struct):
    """A package for one platform."""

    name: str
    version: str
    manager: Literal["conda", "pip"]
    platform: str
    url: str
    hash: _Hash
    build: str | None = None
    dependencies: dict[str, str | None] | None = None
    category: str = "main"
    optional: bool = False


def read_condalock(
    text: str, source: Path, *, platforms: Collection[str] = (), root: Node | None = None
) -> LockFile:
    """Read the packages of the category `main` that are not optional.

    Args:
        text: the content.
        source: the file; relative paths in it start at its folder.
        platforms: read only these, if it has them; default: all.
        root: the parsed content.

    Raises:
        SpecError: it is not a valid lock (CEP 37); with line, column and reason.
        DigestError: a package has no sha256.
    """
    root = root or load(text, str(source))
    version = root.get("version")
    if version and version.value != "1":
        raise version.wrong("only version 1 is supported (CEP 37)")
    metadata = root.at("metadata").convert(_Metadata)
    packages: dict[str, dict[str, LockedPackage]] = {p: {} for p in metadata.platforms}
    wheels: dict[str, dict[str, LockedWheel]] = {p: {} for p in metadata.platforms}
    wanted = set(platforms) & packages.keys() or packages.keys()
    base = source.absolute().parent
    rows = root.at("package")
    for node, row in _rows(rows, metadata.platforms, wanted):
        if row.manager == "conda":
            put(packages[row.platform], _read_package(row, base, node), node)
        else:
            put(wheels[row.platform], _read_wheel(row, base, node), node)
    return LockFile(
        locks=tuple(
            Lock(
                platform=platform,
                channels=tuple(channel.url for channel in metadata.channels),
                packages=tuple(topological(packages[platform].values())),
                wheels=tuple(wheels[platform].values()),
            )
            for platform in metadata.platforms
            if platform in wanted
        )
    )


def _rows(rows: Node, known: Collection[str], wanted: Set[str]) -> Iterator[tuple[Node, _Row]]:
    """Yield the rows of the wanted platforms that are to be installed; only these must be valid."""
    if not isinstance(rows.value, list):
        raise rows.wrong("'package' must be a list")
    for node in rows.value:
        platform = node.get("platform")
        if platform and platform.is_text and platform.value in set(known) - wanted:
            continue
        row = node.convert(_Row)
        if row.platform not in known:
            raise node.at("platform").wrong(
                f"{row.platform[:40]!r} is not among the platforms of the metadata"
            )
        virtual = row.name.startswith("__")  # a property of the machine, not a package
        if row.category == "main" and not row.optional and not virtual:
            yield node, row


def _read_package(row: _Row, base: Path, node: Node) -> LockedPackage:
    package = bare_package(
        clean_url(row.url, base),
        need_sha256(row.hash.sha256, row.name, node),
        md5=row.hash.md5,
        where=node.where,
    )
    package.record.update(name=row.name, version=row.version)
    if row.build is not None:
        package.record["build"] = row.build
    if row.dependencies is not None:
        package.record["depends"] = [
            f"{name} {constraint or ''}".strip() for name, constraint in row.dependencies.items()
        ]
    return package


def _read_wheel(row: _Row, base: Path, node: Node) -> LockedWheel:
    return LockedWheel(
        name=canonicalize_name(row.name),
        version=row.version,
        url=wheel_url(row.url, base, node.at("url")),
        sha256=need_sha256(row.hash.sha256, row.name, node),
    )
