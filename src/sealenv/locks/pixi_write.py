"""Write rattler-lock version 7, as rattler_lock 0.32 (py-rattler 0.28, pixi 0.68) writes it.

The order of keys and packages, and the fields that follow from the URL, are those of `parse/models/v7`
and `utils/derived_fields` in https://github.com/conda/rattler/tree/main/crates/rattler_lock. There is
one difference: a `file://` URL is kept, where rattler writes a path.

Comments at the top store what the format has no place for: after the line `# sealenv lock 1`, each is
`# KEY: JSON`. Other tools ignore them. If one drops them, the lock still works.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from sealenv.errors import SpecError
from sealenv.locks.checks import split_dist
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile, depends_on
from sealenv.spec.yaml_nodes import scalar

MARK = "# sealenv lock 1"
VERSION = 7
_FIELDS = (
    "sha256", "md5", "legacy_bz2_md5", "depends", "constrains", "extra_depends", "channel", "features",
    "flags", "track_features", "file_name", "license", "license_family", "purls", "run_exports",
    "size", "legacy_bz2_size", "timestamp", "python_site_packages_path",
)  # fmt: skip
_KEPT_EMPTY = frozenset({"purls", "run_exports"})  # an empty list differs from a missing key


def write_pixi(file: LockFile) -> str:
    """Write a lock; the same lock gives the same bytes.

    If a channel changed a record between two solves (the same archive with other dependencies), the
    record is written whose dependencies are locked on all platforms.

    Raises:
        SpecError: two platforms have different content at the same URL.
    """
    locks = sorted(file.locks, key=lambda lock: lock.platform)
    file = msgspec.structs.replace(file, locks=tuple(locks))
    lines = [*_comments(file), f"version: {VERSION}", "platforms:" + " []" * (not locks)]
    for lock in locks:
        lines.append(f"- name: {scalar(lock.platform)}")
        lines += _texts("virtual-packages", lock.virtual_packages, "  ")
    lines += ["environments:", "  default:", *_environment(file)]
    packages = _packages(locks)
    wheels = _unique([w for lock in locks for w in lock.wheels])
    lines.append("packages:" + " []" * (not (packages or wheels)))
    for package in packages:
        lines += _package(package)
    for wheel in wheels:
        lines += _wheel(wheel)
    return "\n".join([*lines, ""])


def _comments(file: LockFile) -> list[str]:
    facts: dict[str, Any] = {
        "name": file.name,
        "specs": _joined({k.platform: list(k.specs) for k in file.locks}),
        "requirements": _joined({k.platform: list(k.requirements) for k in file.locks}),
        "exclude-newer": _joined({k.platform: k.exclude_newer for k in file.locks}),
        "channels": file.channels_apart,
        "variables": dict(sorted(file.variables.items())),
    }
    return [
        MARK,
        "# What pixi and conda's tools need is below; sealenv keeps the rest in these comments.",
        # JSON in ASCII: no character of a value ends the line.
        *(f"# {key}: {json.dumps(value)}" for key, value in facts.items() if value),
    ]


def _joined(by_platform: dict[str, Any]) -> Any:
    """Return the common value of all platforms, or the values by platform."""
    values = list(by_platform.values())
    if all(value == values[0] for value in values):
        return values[0] if values else None
    return {platform: value for platform, value in by_platform.items() if value}


def _environment(file: LockFile) -> Iterator[str]:
    channels = file.channels
    yield "    channels:" + " []" * (not channels)
    yield from (f"    - url: {scalar(channel)}" for channel in channels)
    indexes = _all(file.locks, "indexes")
    if indexes or any(lock.wheels for lock in file.locks):
        yield from _texts("indexes", indexes, "    ") or ["    indexes: []"]
    if links := _all(file.locks, "find_links"):
        yield "    find-links:"
        yield from (f"    - url: {scalar(url)}" for url in links)
    yield "    packages:" + " {}" * (not file.locks)
    for lock in file.locks:
        yield f"      {scalar(lock.platform)}:" + " []" * (not lock.archives)
        yield from (f"      - conda: {scalar(url)}" for url in sorted(p.url for p in lock.packages))
        yield from (f"      - pypi: {scalar(url)}" for url in sorted(w.url for w in lock.wheels))


def noarch_of(subdir: str, build: str) -> str | None:
    """Return the default for `noarch`, as in rattler."""
    if subdir != "noarch":
        return None
    return "python" if "py" in build else "generic"


def build_number_of(build: str) -> int:
    """Return the default for the build number, as in rattler: the digits at the end."""
    match = re.search(r"[0-9]+$", build)
    return int(match.group()) if match and len(match.group()) < 19 else 0


def _package(package: LockedPackage) -> Iterator[str]:
    record = package.record
    yield f"- conda: {scalar(package.url)}"
    said = split_dist(package.url.rsplit("/", 1)[-1]) or (None, None, None)
    for key, default in zip(("name", "version", "build"), said, strict=True):
        if str(record[key]) != default:
            yield f"  {key}: {scalar(str(record[key]))}"
    number = record.get("build_number", 0)
    if number != build_number_of(package.build):
        yield f"  build_number: {number}"
    # rattler reads a file:// URL as a path, which implies neither channel nor subdir.
    is_file = package.url.startswith("file:")
    channel, _, subdir = package.url.rpartition("/")[0].rpartition("/")
    if is_file or package.subdir != subdir:
        yield f"  subdir: {scalar(package.subdir)}"
    noarch = record.get("noarch")
    if noarch != noarch_of(package.subdir, package.build):
        yield f"  noarch: {scalar(noarch) if isinstance(noarch, str) else str(bool(noarch)).lower()}"
    facts: dict[str, Any] = {**record, "sha256": package.sha256, "size": package.size}
    facts["channel"] = (
        package.channel.rstrip("/") if is_file or package.channel.rstrip("/") != channel else None
    )
    facts["file_name"] = None if said[0] else package.fn
    for key in _FIELDS:
        yield from _field(key, facts.get(key))


def _field(key: str, value: Any) -> Iterator[str]:
    if value is None or (not value and value != 0 and key not in _KEPT_EMPTY):
        return
    if key == "track_features" and isinstance(value, str):
        value = value.replace(",", " ").split()
    elif isinstance(value, float):
        value = int(value)  # a timestamp with a fraction
    if isinstance(value, dict):
        filled = {k: v for k, v in sorted(value.items()) if v}
        yield f"  {key}:" + " {}" * (not filled)
        for name, items in filled.items():
            yield from _texts(name, items, "    ")
    elif isinstance(value, (list, tuple)):
        yield from _texts(key, value, "  ") or [f"  {key}: []"]
    else:
        yield f"  {key}: {value if isinstance(value, int) else scalar(str(value))}"


def _wheel(wheel: LockedWheel) -> Iterator[str]:
    yield f"- pypi: {scalar(wheel.url)}"
    yield f"  name: {scalar(wheel.name)}"
    yield f"  version: {scalar(wheel.version)}"
    yield f"  sha256: {wheel.sha256}"
    yield from _texts("requires_dist", wheel.requires_dist, "  ")
    if wheel.requires_python:
        yield f"  requires_python: {scalar(wheel.requires_python)}"


def _texts(key: str, values: Sequence[str], indent: str) -> list[str]:
    if not values:
        return []
    return [f"{indent}{scalar(key)}:", *(f"{indent}- {scalar(str(v))}" for v in values)]


def _all(locks: Sequence[Lock], what: str) -> list[str]:
    """Return the values of all locks, each once: the format has one list for all platforms."""
    return list(dict.fromkeys(item for lock in locks for item in getattr(lock, what)))


def _packages(locks: Sequence[Lock]) -> list[LockedPackage]:
    """Return each package once, sorted by URL."""
    found: dict[str, list[LockedPackage]] = {}
    names: dict[str, set[str]] = {}
    for lock in locks:
        there = {package.name for package in lock.packages}
        for package in lock.packages:
            found.setdefault(package.url, []).append(package)
            names[package.url] = names.get(package.url, there) & there
    return [_record(found[url], names[url]) for url in sorted(found)]


def _record(packages: Sequence[LockedPackage], names: set[str]) -> LockedPackage:
    """Return the first record of a package whose dependencies are all locked."""
    first = packages[0]
    if all(package == first for package in packages):
        return first
    if all(package.sha256 == first.sha256 for package in packages):
        for package in packages:
            if {n for n in depends_on(package) if not n.startswith("__")} <= names:
                return package
    raise _different(first.url)


def _unique(items: Sequence[LockedWheel]) -> list[LockedWheel]:
    by_url: dict[str, LockedWheel] = {}
    for item in items:
        if by_url.setdefault(item.url, item).sha256 != item.sha256:
            raise _different(item.url)
    return [by_url[url] for url in sorted(by_url)]


def _different(url: str) -> SpecError:
    return SpecError(
        "two platforms have different content at the same URL",
        where=url,
        hint="the channel changed in between: lock all platforms together",
    )
