"""Package records of a prefix: conda-meta/NAME-VERSION-BUILD.json of any conda tool."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealenv.errors import RecordError
from sealenv.layout import META, first_leaving
from sealenv.prefix.record import PathsData, PrefixRecord, RecordPath, decode
from sealenv.system.files import read_regular, write_atomic

if TYPE_CHECKING:
    from sealenv.locks import Lock, LockedPackage

__all__ = [
    "PathsData",
    "PrefixRecord",
    "RecordPath",
    "add_pyc",
    "finish",
    "outside_of",
    "read_raw",
    "read_raw_record",
    "read_records",
    "scan_records",
    "write_raw",
]


_decoder = msgspec.json.Decoder(PrefixRecord)


def read_records(prefix: Path) -> list[PrefixRecord]:
    """Return every record of the prefix, by name.

    Raises:
        RecordError: some cannot be read; the details list all of them.
    """
    records, problems = scan_records(prefix)
    if problems:
        raise RecordError(
            f"{len(problems)} package record{'s' * (len(problems) > 1)} cannot be read",
            where=str(prefix / META),
            details=problems,
            hint="conda and mamba refuse the environment too; create it again with sealenv create",
        )
    return records


def scan_records(prefix: Path) -> tuple[list[PrefixRecord], list[str]]:
    """Return every readable record, and one line for each of the others."""
    found, problems = [], []
    for path in sorted((prefix / META).glob("*.json")):
        try:
            found.append((path.name, _read(read_regular(path))))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(f"{path.name}: {getattr(error, 'strerror', None) or error}")
    decode([record for _, record in found])
    records = []
    for name, record in found:
        if outside := _outside(record.dist, record.paths_data.paths):
            problems.append(f"{name}: it names a path outside the environment: {outside!r}")
        else:
            records.append(record)
    return records, problems


def _read(content: bytes) -> PrefixRecord:
    """Parse one record; older writers have null fields and other types.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not a record.
    """
    try:
        return _decoder.decode(content)
    except msgspec.ValidationError:
        raw = msgspec.json.decode(content, type=dict[str, Any])
        known = {key: value for key, value in raw.items() if value is not None}
        if isinstance(known.get("noarch"), bool):
            known["noarch"] = "generic" if known["noarch"] else ""
        return msgspec.convert(known, PrefixRecord)


def outside_of(raw: dict[str, Any]) -> str | None:
    """Return the first path in a record that leads out of the prefix, if any."""
    dist = "-".join(str(raw.get(key)) for key in ("name", "version", "build"))
    try:
        paths = msgspec.convert(raw.get("paths_data") or {}, PathsData).paths
    except msgspec.ValidationError:
        paths = []
    return _outside(dist, paths)


def _outside(dist: str, entries: Iterable[RecordPath]) -> str | None:
    """Return the first path that leads out: records decide what is written, moved and deleted."""
    if "/" in dist or "\\" in dist:
        return dist
    paths = []
    for entry in entries:
        if entry.original_path is not None:
            if "\\" in entry.original_path:
                # py-rattler on Windows writes what it moved aside with backslashes.
                entry.path = entry.path.replace("\\", "/")
                entry.original_path = entry.original_path.replace("\\", "/")
            paths.append(entry.original_path)
        paths.append(entry.path)
    return first_leaving(paths)


def finish(prefix: Path, lock: Lock, requested: Iterable[str], view: Path) -> None:
    """Complete the engine's records, so that they equal conda's.

    py-rattler 0.28 writes them with mode 0600, entry points with mode 0775, our cache as the package's
    URL, and no requested specs. CEP 32 requires the channel's URL and paths below `pkgs`.

    Args:
        prefix: the prefix.
        lock: the linked packages.
        requested: the requested MatchSpecs.
        view: the package cache of the conda inside.

    Raises:
        RecordError: a record is missing or cannot be read.
    """
    from sealenv.spec.matchspec import package_name  # only `create` needs it

    mode = 0o777 & ~_umask()
    wanted: dict[str, list[str]] = {}
    for spec in requested:
        wanted.setdefault(package_name(spec), []).append(spec)
    for package in lock.packages:
        record = read_raw(prefix, package)
        stem = package.fn.removesuffix(".conda").removesuffix(".tar.bz2")
        record |= {
            "url": package.url,
            "channel": package.channel,
            "fn": package.fn,
            "package_tarball_full_path": str(view / package.fn),
            "extracted_package_dir": str(view / stem),
            "requested_specs": wanted.get(package.name, []),
        }
        for key, value in package.record.items():
            record.setdefault(key, value)
        if isinstance(record.get("link"), dict):
            record["link"]["source"] = str(view / stem)
        _fix_paths(prefix, record, mode)
        if package.name in wanted:
            record["requested_spec"] = wanted[package.name][0]  # what conda < 4.4 and mamba read
        write_raw(prefix, package, record)


def _fix_paths(prefix: Path, record: dict[str, Any], mode: int) -> None:
    """Give entry points the umask's mode, and remove digests of links.

    py-rattler 0.28 writes the digest of a link's own text, but `conda doctor` reads the link's target
    and would report `bin/python` as altered.
    """
    for entry in record.get("paths_data", {}).get("paths", ()):
        if entry.get("path_type") == "softlink":
            entry.pop("sha256_in_prefix", None)
        elif entry.get("path_type") == "unix_python_entry_point":
            (prefix / entry["_path"]).chmod(mode)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def add_pyc(prefix: Path, lock: Lock, compiled: Mapping[str, list[str]]) -> None:
    """Add our compiled .pyc files to the records, as conda does, so that conda can remove them."""
    for package in lock.packages:
        paths = compiled.get(package.name)
        if not paths:
            continue
        record = read_raw(prefix, package)
        record["files"] = sorted({*record.get("files", ()), *paths})
        record["paths_data"]["paths"] += [
            {"_path": p, "path_type": "pyc_file"} for p in sorted(paths)
        ]
        write_raw(prefix, package, record)


def read_raw(prefix: Path, package: LockedPackage) -> dict[str, Any]:
    """Return the whole record of a package that was just linked.

    Raises:
        RecordError: it is missing or cannot be read.
    """
    try:
        return read_raw_record(prefix, package.dist)
    except RecordError as error:
        raise RecordError(
            f"the engine left no readable record of {package.dist}: {error.what}",
            where=error.where,
            hint="run the same command again",
        ) from error


def read_raw_record(prefix: Path, dist: str) -> dict[str, Any]:
    """Return the whole record of a package, by name-version-build.

    Raises:
        RecordError: it is missing or cannot be read.
    """
    path = prefix / META / f"{dist}.json"
    try:
        return msgspec.json.decode(read_regular(path), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        why = getattr(error, "strerror", None) or error
        raise RecordError(f"{why}", where=str(path)) from error


def write_raw(prefix: Path, package: LockedPackage, record: dict[str, Any]) -> None:
    """Replace a record."""
    data = msgspec.json.format(msgspec.json.encode(record), indent=2)
    write_atomic(prefix / META / f"{package.dist}.json", data)
