"""Read and write conda-lock.yml, version 1 (CEP 37)."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Set
from pathlib import Path
from typing import Any, Literal

import msgspec
from packaging.utils import canonicalize_name

from sealenv.locks.checks import (
    NO_WHEEL,
    check_wheel_address,
    clean_url,
    need_sha256,
    put,
)
from sealenv.locks.explicit import bare_package
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile, topological
from sealenv.spec.matchspec import split_spec
from sealenv.spec.yaml_nodes import Node, load, scalar

CUSTOM_KEY = "sealenv"


class Needs(msgspec.Struct, omit_defaults=True):
    """The requirements of a wheel."""

    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None


class Custom(msgspec.Struct, omit_defaults=True):
    """What sealenv stores in `custom_metadata`, by platform."""

    name: str | None = None
    specs: dict[str, list[str]] = {}
    requirements: dict[str, list[str]] = {}
    virtual_packages: dict[str, list[str]] = {}
    exclude_newer: dict[str, str] = {}
    channels: dict[str, list[str]] = {}
    """Set if they differ between platforms."""
    indexes: dict[str, list[str]] = {}
    find_links: dict[str, list[str]] = {}
    wheels: dict[str, Needs] = {}
    """By URL."""
    variables: dict[str, str] = {}


def write_condalock(file: LockFile) -> str:
    """Write a lock; the same lock gives the same bytes."""
    lines = ["version: 1", "metadata:", "  content_hash:" + " {}" * (not file.locks)]
    lines += [f"    {scalar(k.platform)}: {scalar(k.digest())}" for k in file.locks]
    channels = file.channels
    lines.append("  channels:" + " []" * (not channels))
    for channel in channels:
        lines += [f"  - url: {scalar(channel)}", "    used_env_vars: []"]
    lines.append("  platforms:" + " []" * (not file.locks))
    lines += [f"  - {scalar(k.platform)}" for k in file.locks]
    # conda-lock and micromamba require a source; micromamba refuses an empty list.
    lines += ["  sources:", "  - environment.yml"]
    custom = msgspec.to_builtins(_custom_of(file))
    if custom:
        lines += [
            "  custom_metadata:",
            f"    {CUSTOM_KEY}: {scalar(json.dumps(custom, sort_keys=True))}",
        ]
    some = any(k.packages or k.wheels for k in file.locks)
    lines.append("package:" + " []" * (not some))
    for lock in file.locks:
        for package in lock.packages:
            lines += _package(package, lock.platform)
        for wheel in lock.wheels:
            lines += _wheel(wheel, lock.platform)
    return "\n".join([*lines, ""])


def _package(package: LockedPackage, platform: str) -> Iterator[str]:
    needs: dict[str, list[str]] = {}
    for spec in package.record.get("depends", ()):
        name, constraint = split_spec(spec)
        needs.setdefault(name, []).append(constraint)
    yield f"- name: {scalar(package.name)}"
    yield f"  version: {scalar(package.version)}"
    yield "  manager: conda"
    yield f"  platform: {scalar(platform)}"
    yield "  dependencies:" + " {}" * (not needs)
    for name, constraints in needs.items():
        # The format has one constraint for each name: join them (CEP 29).
        yield f"    {scalar(name)}: {scalar(','.join(c for c in constraints if c) or '')}"
    yield f"  url: {scalar(package.url)}"
    yield "  hash:"
    if package.record.get("md5"):
        yield f"    md5: {scalar(package.record['md5'])}"
    yield f"    sha256: {scalar(package.sha256)}"
    yield f"  build: {scalar(package.build)}"
    yield "  category: main"
    yield "  optional: false"


def _wheel(wheel: LockedWheel, platform: str) -> Iterator[str]:
    yield f"- name: {scalar(wheel.name)}"
    yield f"  version: {scalar(wheel.version)}"
    yield "  manager: pip"
    yield f"  platform: {scalar(platform)}"
    yield "  dependencies: {}"
    yield f"  url: {scalar(wheel.url)}"
    yield "  hash:"
    yield f"    sha256: {scalar(wheel.sha256)}"
    yield "  category: main"
    yield "  optional: false"


def _custom_of(file: LockFile) -> Custom:
    def by_platform(what: str) -> dict[str, Any]:
        values = {k.platform: getattr(k, what) for k in file.locks}
        return {p: list(v) if isinstance(v, tuple) else v for p, v in values.items() if v}

    return Custom(
        name=file.name,
        specs=by_platform("specs"),
        requirements=by_platform("requirements"),
        virtual_packages=by_platform("virtual_packages"),
        exclude_newer=by_platform("exclude_newer"),
        channels=file.channels_apart,
        indexes=by_platform("indexes"),
        find_links=by_platform("find_links"),
        wheels={
            w.url: Needs(w.requires_dist, w.requires_python)
            for k in file.locks
            for w in k.wheels
            if w.requires_dist or w.requires_python
        },
        variables=dict(file.variables),
    )


class _Url(msgspec.Struct):
    url: str


class _Metadata(msgspec.Struct):
    channels: list[_Url]
    platforms: list[str]
    custom_metadata: dict[str, str | None] | None = None


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
    custom = _read_custom(root.at("metadata"), metadata)
    packages: dict[str, dict[str, LockedPackage]] = {p: {} for p in metadata.platforms}
    wheels: dict[str, dict[str, LockedWheel]] = {p: {} for p in metadata.platforms}
    wanted = set(platforms) & packages.keys() or packages.keys()
    base = source.absolute().parent
    rows = root.at("package")
    for node, row in _rows(rows, metadata.platforms, wanted):
        if row.manager == "conda":
            put(packages[row.platform], _read_package(row, base, node), node)
        else:
            put(wheels[row.platform], _read_wheel(row, base, node, custom), node)
    channels = [channel.url for channel in metadata.channels]
    return LockFile(
        locks=tuple(
            Lock(
                platform=p,
                channels=tuple(custom.channels.get(p, channels)),
                packages=tuple(topological(packages[p].values())),
                wheels=tuple(wheels[p].values()),
                specs=tuple(custom.specs.get(p, ())),
                requirements=tuple(custom.requirements.get(p, ())),
                virtual_packages=tuple(custom.virtual_packages.get(p, ())),
                exclude_newer=custom.exclude_newer.get(p),
                indexes=tuple(custom.indexes.get(p, ())),
                find_links=tuple(custom.find_links.get(p, ())),
            )
            for p in metadata.platforms
            if p in wanted
        ),
        name=custom.name,
        variables=custom.variables,
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


def _read_wheel(row: _Row, base: Path, node: Node, custom: Custom) -> LockedWheel:
    if why := check_wheel_address(row.url):
        raise node.at("url").wrong(f"{row.url[:200]!r} {why}", NO_WHEEL)
    url = clean_url(row.url, base)
    needs = custom.wheels.get(url, Needs())
    return LockedWheel(
        name=canonicalize_name(row.name),
        version=row.version,
        url=url,
        sha256=need_sha256(row.hash.sha256, row.name, node),
        requires_dist=needs.requires_dist,
        requires_python=needs.requires_python,
    )


def _read_custom(node: Node, metadata: _Metadata) -> Custom:
    text = (metadata.custom_metadata or {}).get(CUSTOM_KEY)
    if text is None:
        return Custom()
    try:
        return msgspec.json.decode(text, type=Custom)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        where = node.at("custom_metadata", CUSTOM_KEY)
        raise where.wrong(f"it is not what sealenv writes: {error}") from error
