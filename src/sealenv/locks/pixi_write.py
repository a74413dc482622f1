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
from collections.abc import Sequence
from typing import Any

import msgspec

from sealenv.errors import SpecError
from sealenv.locks.checks import split_dist
from sealenv.locks.model import Lock, LockedPackage, LockedWheel, LockFile, depends_on
from sealenv.spec.yaml_nodes import dump

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
    conda = _packages(locks)
    wheels = _unique([w for lock in locks for w in lock.wheels])
    data = {
        "version": VERSION,
        "platforms": [
            _filled({"name": lock.platform, "virtual-packages": lock.virtual_packages})
            for lock in locks
        ],
        "environments": {"default": _environment(file)},
        "packages": [*map(_package, conda), *map(_wheel, wheels)],
    }
    return "\n".join([*_comments(file), *dump(data), ""])


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


def _environment(file: LockFile) -> dict[str, Any]:
    # The format has one list of indexes and of links for all platforms.
    indexes = dict.fromkeys(url for lock in file.locks for url in lock.indexes)
    links = dict.fromkeys(url for lock in file.locks for url in lock.find_links)
    found: dict[str, Any] = {"channels": [{"url": channel} for channel in file.channels]}
    if indexes or any(lock.wheels for lock in file.locks):
        found["indexes"] = list(indexes)
    if links:
        found["find-links"] = [{"url": url} for url in links]
    found["packages"] = {
        lock.platform: [
            *({"conda": url} for url in sorted(p.url for p in lock.packages)),
            *({"pypi": url} for url in sorted(w.url for w in lock.wheels)),
        ]
        for lock in file.locks
    }
    return found


def noarch_of(subdir: str, build: str) -> str | None:
    """Return the default for `noarch`, as in rattler."""
    if subdir != "noarch":
        return None
    return "python" if "py" in build else "generic"


def build_number_of(build: str) -> int:
    """Return the default for the build number, as in rattler: the digits at the end."""
    match = re.search(r"[0-9]+$", build)
    return int(match.group()) if match and len(match.group()) < 19 else 0


def _package(package: LockedPackage) -> dict[str, Any]:
    record = package.record
    entry: dict[str, Any] = {"conda": package.url}
    said = split_dist(package.url.rsplit("/", 1)[-1]) or (None, None, None)
    for key, default in zip(("name", "version", "build"), said, strict=True):
        if str(record[key]) != default:
            entry[key] = str(record[key])
    if (number := record.get("build_number", 0)) != build_number_of(package.build):
        entry["build_number"] = number
    # rattler reads a file:// URL as a path, which implies neither channel nor subdir.
    is_file = package.url.startswith("file:")
    channel, _, subdir = package.url.rpartition("/")[0].rpartition("/")
    if is_file or package.subdir != subdir:
        entry["subdir"] = package.subdir
    noarch = record.get("noarch")
    if noarch != noarch_of(package.subdir, package.build):
        entry["noarch"] = noarch if isinstance(noarch, str) else bool(noarch)
    facts: dict[str, Any] = {**record, "sha256": package.sha256, "size": package.size}
    own = package.channel.rstrip("/")
    facts["channel"] = own if is_file or own != channel else None
    facts["file_name"] = None if said[0] else package.fn
    if isinstance(features := record.get("track_features"), str):
        facts["track_features"] = features.replace(",", " ").split()
    if isinstance(record.get("timestamp"), float):
        facts["timestamp"] = int(record["timestamp"])
    for key in ("extra_depends", "run_exports"):
        if facts.get(key):
            facts[key] = {name: items for name, items in sorted(facts[key].items()) if items}
    return entry | _filled({key: facts.get(key) for key in _FIELDS})


def _wheel(wheel: LockedWheel) -> dict[str, Any]:
    entry = {"pypi": wheel.url, "name": wheel.name, "version": wheel.version}
    return entry | _filled(
        {
            "sha256": wheel.sha256,
            "requires_dist": wheel.requires_dist,
            "requires_python": wheel.requires_python,
        }
    )


def _filled(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the facts that are known; zero is one."""
    return {
        key: value
        for key, value in facts.items()
        if value or value == 0 or (value is not None and key in _KEPT_EMPTY)
    }


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
