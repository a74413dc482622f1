"""conda-lock.yml, version 1 (CEP 37): read and written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from sealenv.errors import DigestError
from sealenv.locks.checks import (
    NO_WHEEL,
    check_package,
    check_sha256,
    check_subdir,
    check_url,
    check_wheel,
    check_wheel_file,
    clean_url,
)
from sealenv.locks.explicit import bare_package
from sealenv.locks.fields import check_said
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.order import topological
from sealenv.spec.matchspec import split_spec
from sealenv.spec.yaml_nodes import Node, load, scalar

__all__ = [
    "CUSTOM_KEY",
    "Custom",
    "Needs",
    "custom_of",
    "read_condalock",
    "read_custom",
    "write_condalock",
]


def write_condalock(file: LockFile) -> str:
    """The text: the same lock gives the same bytes."""
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
    custom = msgspec.to_builtins(custom_of(file))
    if custom:
        lines += [
            "  custom_metadata:",
            f"    {CUSTOM_KEY}: {scalar(json.dumps(custom, sort_keys=True))}",
        ]
    some = any(k.packages or k.wheels for k in file.locks)
    lines.append("package:" + " []" * (not some))
    for lock in file.locks:
        for package in lock.packages:
            lines += _entry(package, lock.platform)
        for wheel in lock.wheels:
            lines += _wheel_entry(wheel, lock.platform)
    return "\n".join([*lines, ""])


def _entry(package: LockedPackage, platform: str) -> Iterator[str]:
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
        # One constraint a name: what a record says in two entries is joined as CEP 29 joins versions.
        yield f"    {scalar(name)}: {scalar(','.join(c for c in constraints if c) or '')}"
    yield f"  url: {scalar(package.url)}"
    yield "  hash:"
    if package.record.get("md5"):
        yield f"    md5: {scalar(package.record['md5'])}"
    yield f"    sha256: {scalar(package.sha256)}"
    yield f"  build: {scalar(package.build)}"
    yield "  category: main"
    yield "  optional: false"


def _wheel_entry(wheel: LockedWheel, platform: str) -> Iterator[str]:
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


def read_condalock(text: str, source: Path, *, root: Node | None = None) -> LockFile:
    """The locks in a conda-lock.yml: what is in the category `main` and not optional.

    Args:
        text: the content.
        source: where it is from: relative paths in it start at its folder.
        root: the content, where it was parsed already.

    Raises:
        SpecError: it is not what CEP 37 says, with line, column and reason.
        DigestError: a package has no sha256.
    """
    root = root or load(text, str(source))
    return _Reader(root, source).read()


class _Reader:
    def __init__(self, root: Node, source: Path) -> None:
        self.root = root
        self.source = str(source)
        self.base = source.absolute().parent
        self.ours = Custom()

    def read(self) -> LockFile:
        version = self.root.get("version")
        if version and version.text("'version'") != "1":
            raise version.wrong("only version 1 is known (CEP 37)")
        metadata = self.root.key("metadata")
        platforms = metadata.key("platforms").texts("'platforms'")
        channels = tuple(
            c.key("url").text("a channel's url")
            for c in metadata.key("channels").items("'channels'")
        )
        ours = self.ours = read_custom(metadata)
        found: dict[tuple[str, str], dict[str, Any]] = {
            (platform, manager): {} for platform in platforms for manager in ("conda", "pip")
        }
        for item in self.root.key("package").items("'package'"):
            self._add(item, found)
        return LockFile(
            locks=tuple(
                Lock(
                    platform=p,
                    channels=tuple(ours.channels.get(p, channels)),
                    packages=tuple(topological(found[p, "conda"].values())),
                    wheels=tuple(found[p, "pip"].values()),
                    specs=tuple(ours.specs.get(p, ())),
                    requirements=tuple(ours.requirements.get(p, ())),
                    virtual_packages=tuple(ours.virtual_packages.get(p, ())),
                    exclude_newer=ours.exclude_newer.get(p),
                    indexes=tuple(ours.indexes.get(p, ())),
                    find_links=tuple(ours.find_links.get(p, ())),
                )
                for p in platforms
            ),
            name=ours.name,
            variables=ours.variables,
        )

    def _add(self, node: Node, found: dict[tuple[str, str], dict[str, Any]]) -> None:
        category, optional = node.get("category"), node.get("optional")
        if category and category.text("'category'") != "main":
            return
        if optional and optional.text("'optional'").lower() == "true":
            return
        platform = node.key("platform").text("'platform'")
        manager = node.key("manager").text("'manager'")
        if manager not in {"conda", "pip"}:
            raise node.key("manager").wrong(
                f"'manager' must be conda or pip, not {manager[:40]!r} (CEP 37)"
            )
        if (platform, manager) not in found:
            raise node.key("platform").wrong(
                f"{platform[:40]!r} is not among the platforms of the metadata"
            )
        one = self._package(node) if manager == "conda" else self._wheel(node)
        if isinstance(one, LockedPackage) and (fault := check_subdir(one, platform)):
            raise node.wrong(fault)
        place = found[platform, manager]
        if one.name in place:
            raise node.wrong(f"{one.name} is there twice for {platform}")
        place[one.name] = one

    def _package(self, node: Node) -> LockedPackage:
        md5 = node.key("hash").get("md5")
        package = bare_package(
            self._url(node), _sha256(node), md5=md5.text("'md5'") if md5 else None, where=node.where
        )
        for key in ("name", "version", "build"):
            if (said := node.get(key)) is not None:
                package.record[key] = said.text(f"{key!r}")
        if (needs := node.get("dependencies")) is not None:
            package.record["depends"] = [
                f"{name} {'' if v.is_null else v.text('a constraint')}".strip()
                for name, v in needs.mapping("'dependencies'").items()
            ]
        if fault := check_package(package):
            raise node.wrong(fault)
        return package

    def _wheel(self, node: Node) -> LockedWheel:
        sha256 = _sha256(node)
        if fault := check_sha256(sha256):
            raise node.wrong(fault)
        place = node.key("url")
        if why := check_wheel(address := place.text("'url'")):
            raise place.wrong(f"{address[:200]!r} {why}", NO_WHEEL)
        url = self._url(node)
        needs = self.ours.wheels.get(url, Needs())
        wheel = LockedWheel(
            name=canonicalize_name(node.key("name").text("'name'")),
            version=node.key("version").text("'version'"),
            url=url,
            sha256=sha256,
            requires_dist=needs.requires_dist,
            requires_python=needs.requires_python,
        )
        if fault := check_wheel_file(wheel):
            raise place.wrong(fault)
        return wheel

    def _url(self, node: Node) -> str:
        url = clean_url(node.key("url").text("'url'"), self.base)
        if fault := check_url(url):
            raise node.key("url").wrong(fault)
        return url


def _sha256(node: Node) -> str:
    found = node.key("hash").get("sha256")
    if found is not None:
        return found.text("'sha256'")
    raise DigestError(
        f"{node.key('name').text('a name')} has no sha256, so it cannot be verified",
        where=node.where,
        hint="lock it anew: sealenv lock, or conda-lock",
    )


CUSTOM_KEY = "sealenv"


class Needs(msgspec.Struct, omit_defaults=True):
    """What a wheel says of itself."""

    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None


class Custom(msgspec.Struct, omit_defaults=True):
    """What we keep there, by platform where it may differ."""

    name: str | None = None
    specs: dict[str, list[str]] = {}
    requirements: dict[str, list[str]] = {}
    virtual_packages: dict[str, list[str]] = {}
    exclude_newer: dict[str, str] = {}
    channels: dict[str, list[str]] = {}
    """Where they are not the same for every platform."""
    indexes: dict[str, list[str]] = {}
    find_links: dict[str, list[str]] = {}
    wheels: dict[str, Needs] = {}
    """By address."""
    variables: dict[str, str] = {}


def custom_of(file: LockFile) -> Custom:
    """What of a lock goes there."""

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


def read_custom(metadata: Node) -> Custom:
    """What stands there; nothing in a file of others.

    Raises:
        SpecError: it is not what sealenv writes.
    """
    custom = metadata.get("custom_metadata")
    node = custom.get(CUSTOM_KEY) if custom else None
    if node is None:
        return Custom()
    try:
        found = msgspec.json.decode(node.text(f"{CUSTOM_KEY!r}"), type=Custom)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise node.wrong(f"it is not what sealenv writes: {error}") from error
    for key in ("name", "specs", "requirements", "exclude_newer", "variables"):
        if fault := check_said(key, getattr(found, key)):
            raise node.wrong(fault)
    return found
