"""Read rattler-lock, versions 6 and 7, as pixi, py-rattler or sealenv write it.

An environment lists its packages by URL; `packages` describes each of them once. What an entry leaves
out follows from its URL, by the rules of rattler_lock 0.32 (`parse/models/v7`, `utils/derived_fields`).
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from packaging.utils import canonicalize_name

from sealenv.errors import SpecError
from sealenv.locks.checks import (
    Record,
    clean_url,
    file_name,
    folder_name,
    need_sha256,
    put,
    split_dist,
    wheel_url,
)
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile, topological
from sealenv.locks.pixi_write import MARK, build_number_of, noarch_of
from sealenv.spec.yaml_nodes import Node, lines_of, load

_READ = ("6", "7")
_OWN = {"name", "version", "build", "subdir", "noarch", "track_features", "arch", "platform"}
"""The keys of a record that are not copied from an entry."""
_COPIED = [key for key in Record.__struct_fields__ if key not in _OWN]
_SYSTEMS = {"emscripten", "freebsd", "linux", "osx", "wasi", "win", "zos"}
_ARCHITECTURES = {"32": "x86", "64": "x86_64"}
_Count = Annotated[int, msgspec.Meta(ge=0)]
_T = TypeVar("_T")


class _Key(msgspec.Struct):
    """The URL that identifies a package."""

    conda: str = ""
    pypi: str = ""


class _Entry(Record, kw_only=True):
    """The description of a package. What it leaves out follows from its URL."""

    name: str | None = None  # type: ignore[assignment]
    version: str | None = None  # type: ignore[assignment]
    build: str | None = None  # type: ignore[assignment]
    build_number: _Count | None = None  # type: ignore[assignment]
    subdir: str | None = None  # type: ignore[assignment]
    noarch: Literal["python", "generic", "true", "false"] | None = None  # type: ignore[assignment]
    channel: str | None = None
    file_name: str | None = None
    features: str | None = None
    track_features: list[str] | None = None
    depends: list[str] | None = None  # type: ignore[assignment]
    timestamp: _Count | None = None
    requires_dist: tuple[str, ...] = ()
    requires_python: str | None = None


class _Channel(msgspec.Struct):
    url: str


class _Link(msgspec.Struct):
    url: str | None = None
    path: str | None = None


class _Environment(msgspec.Struct, rename="kebab"):
    channels: list[_Channel]
    packages: dict[str, list[_Key]]
    indexes: tuple[str, ...] = ()
    find_links: list[_Link] = []
    options: dict[str, Any] = {}


class _Platform(msgspec.Struct, rename="kebab"):
    name: str
    subdir: str | None = None
    virtual_packages: tuple[str, ...] = ()


class _File(msgspec.Struct):
    environments: dict[str, _Environment]
    packages: list[_Key]
    platforms: list[_Platform] = []


class _Comments(msgspec.Struct, rename="kebab"):
    """The comments of sealenv. A list is for all platforms, a mapping has one for each."""

    name: str | None = None
    specs: list[str] | dict[str, list[str]] = []
    requirements: list[str] | dict[str, list[str]] = []
    exclude_newer: str | dict[str, str] | None = None
    channels: dict[str, list[str]] = {}
    variables: dict[str, str] = {}


def read_pixi(
    text: str,
    source: Path,
    *,
    environment: str | None = None,
    platforms: Collection[str] = (),
    root: Node | None = None,
) -> LockFile:
    """Read the locks of one environment.

    Args:
        text: the content.
        source: the file; relative paths in it start at its folder.
        environment: the environment, if there are several; default: `default`, or the only one.
        platforms: read only these, if it has them; default: all.
        root: the parsed content.

    Raises:
        SpecError: it is not a valid lock; with line, column and reason.
        DigestError: a package has no sha256.
    """
    root = root or load(text, str(source))
    version = root.at("version")
    if version.value not in _READ:
        raise version.wrong(
            f"version {str(version.value)[:20]!r} of rattler-lock is not supported; "
            f"{' and '.join(_READ)} are",
            "lock again: pixi lock, or sealenv lock",
        )
    comments = _read_comments(text, str(source))
    return _Reader(root, source, environment).read(comments, platforms)


class _Reader:
    def __init__(self, root: Node, source: Path, environment: str | None) -> None:
        self.root = root
        self.base = source.absolute().parent
        self.file = root.convert(_File)
        self.environment = self._choose(environment, source)
        # If an entry is there twice, the digest still decides what is installed.
        self.entries = {(e.conda, e.pypi): n for n, e in enumerate(self.file.packages)}
        self.made: dict[str, LockedPackage] = {}

    def read(self, comments: _Comments, wanted: Collection[str]) -> LockFile:
        chosen = self.file.environments[self.environment]
        channels = [self._place(channel.url) for channel in chosen.channels]
        known = {platform.name: platform for platform in self.file.platforms}
        subdirs = {known.get(name, _Platform(name)).subdir or name for name in chosen.packages}
        wanted = set(wanted) & subdirs or subdirs
        cut_off = chosen.options.get("exclude-newer")
        locks: dict[str, Lock] = {}
        for name, keys in chosen.packages.items():
            platform = known.get(name, _Platform(name))
            subdir = platform.subdir or name
            if (subdir in locks and name != subdir) or subdir not in wanted:
                continue  # pixi names platforms freely; the one named like its subdir comes first
            conda, wheels = self._archives(name, keys)
            own = comments.channels.get(subdir)
            locks[subdir] = Lock(
                platform=subdir,
                channels=tuple(own if own and set(own) <= set(channels) else channels),
                packages=tuple(topological(conda)),
                virtual_packages=platform.virtual_packages,
                exclude_newer=_of(comments.exclude_newer, subdir)
                or (cut_off if isinstance(cut_off, str) else None),
                wheels=tuple(wheels),
                indexes=chosen.indexes,
                find_links=tuple(link.url or link.path or "" for link in chosen.find_links),
                specs=tuple(_of(comments.specs, subdir) or ()),
                requirements=tuple(_of(comments.requirements, subdir) or ()),
            )
        return LockFile(
            locks=tuple(locks[subdir] for subdir in sorted(locks)),
            name=comments.name,
            variables=comments.variables,
            other_environments=tuple(n for n in self.file.environments if n != self.environment),
        )

    def _choose(self, wanted: str | None, source: Path) -> str:
        """Return the name of the environment to read."""
        found = self.file.environments
        node = self.root.at("environments")
        hint = f"it has {', '.join(found) or 'none'}"
        name = wanted or ("default" if "default" in found or len(found) != 1 else next(iter(found)))
        if name in found:
            return name
        if wanted is None:
            hint = f"extract one: sealenv export {source} --environment NAME -o NAME.lock; {hint}"
        raise node.wrong(f"the lock has no environment {name!r}", hint)

    def _archives(
        self, platform: str, keys: list[_Key]
    ) -> tuple[list[LockedPackage], list[LockedWheel]]:
        conda: dict[str, LockedPackage] = {}
        wheels: dict[str, LockedWheel] = {}
        here = self.root.at("environments", self.environment, "packages", platform)
        for place, key in enumerate(keys):
            url = key.conda or key.pypi
            node = here.at(place)
            number = self.entries.get((key.conda, key.pypi))
            if number is None:
                raise node.wrong(f"{url[:200]!r} is not described in 'packages'")
            described = self.root.at("packages", number)
            entry = described.convert(_Entry)
            if key.pypi:
                put(wheels, self._wheel(entry, url, described), node)
                continue
            if not split_dist(entry.file_name or file_name(url)):
                raise node.wrong(
                    f"{url[:80]!r} is a package to build from source, which sealenv does not do",
                    "build it, put it into a channel, and lock again",
                )
            package = self.made.get(url) or self._package(entry, url, described)
            self.made[url] = package
            put(conda, package, node)
        return list(conda.values()), list(wheels.values())

    def _package(self, entry: _Entry, address: str, node: Node) -> LockedPackage:
        url = clean_url(address, self.base)
        fn = entry.file_name or file_name(url)
        name, version, build = split_dist(fn) or ("", "", "")
        sha256 = need_sha256(entry.sha256, fn, node)
        record: dict[str, Any] = {
            "depends": [],
            "name": entry.name or name,
            "version": entry.version or version,
            "build": build if entry.build is None else entry.build,
            "subdir": entry.subdir or folder_name(url),
        }
        record["build_number"] = build_number_of(record["build"])
        noarch: Any = entry.noarch or noarch_of(record["subdir"], record["build"])
        if noarch and noarch != "false":
            record["noarch"] = True if noarch == "true" else noarch
        system, _, machine = record["subdir"].partition("-")
        if system in _SYSTEMS and machine:
            record |= {"platform": system, "arch": _ARCHITECTURES.get(machine, machine)}
        record |= {key: value for key in _COPIED if (value := getattr(entry, key)) is not None}
        if entry.track_features is not None:  # a list here, one text in repodata
            record["track_features"] = " ".join(entry.track_features)
        channel = self._place(entry.channel) if entry.channel else url.rsplit("/", 2)[0]
        return LockedPackage(
            url=url,
            channel=channel.rstrip("/") + "/",
            fn=fn,
            sha256=sha256,
            size=entry.size,
            record=record,
        )

    def _wheel(self, entry: _Entry, address: str, node: Node) -> LockedWheel:
        plain = address.removeprefix("direct+")  # requested by URL
        return LockedWheel(
            name=canonicalize_name(entry.name or ""),
            version=entry.version or "",
            url=wheel_url(plain, self.base, node.at("pypi")),
            sha256=need_sha256(entry.sha256, plain[-200:], node),
            requires_dist=entry.requires_dist,
            requires_python=entry.requires_python or None,
        )

    def _place(self, text: str) -> str:
        """Return a channel: a path becomes a URL, a name such as conda-forge stays."""
        is_path = text.startswith((".", "/", "\\")) or text[1:2] == ":"
        return clean_url(text, self.base) if is_path or "://" in text else text


def _of(value: _T | dict[str, _T] | None, platform: str) -> _T | None:
    return value.get(platform) if isinstance(value, dict) else value


def _read_comments(text: str, source: str) -> _Comments:
    """Read the comments of sealenv.

    Raises:
        SpecError: one is not JSON, or has the wrong type.
    """
    known = {field.encode_name for field in msgspec.structs.fields(_Comments)}
    found = {}
    head = itertools.takewhile(lambda line: line.startswith("#"), lines_of(text))
    for line in itertools.dropwhile(lambda line: line.strip() != MARK, head):
        key, colon, value = line[1:].strip().partition(": ")
        if colon and key in known:
            found[key] = value
    try:
        raw = {key: msgspec.json.decode(value) for key, value in found.items()}
        return msgspec.convert(raw, _Comments)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise SpecError(
            f"the comments at the top are not valid: {error}",
            where=f"{source}:1:1",
            hint="remove them, or lock again",
        ) from error
