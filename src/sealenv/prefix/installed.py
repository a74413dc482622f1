"""The installed packages of a prefix as a lock, read from its records."""

from __future__ import annotations

from pathlib import Path

from sealenv.errors import DigestError, RecordError
from sealenv.layout import META
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.checks import (
    Record,
    check_channel,
    check_package,
    check_record,
    clean_url,
    file_name,
    folder_name,
)
from sealenv.locks.model import topological
from sealenv.prefix.condafiles import read_requested
from sealenv.prefix.records import outside_of, read_raw
from sealenv.urls import split_credentials


def installed(prefix: Path, platform: str, *, strict: bool = True) -> Lock:
    """Return a lock of the packages that are installed now.

    Args:
        prefix: an environment of any conda tool.
        platform: the platform if all packages are noarch.
        strict: refuse records without sha256 or URL.

    Raises:
        RecordError: a record is not readable or not valid, or names a path outside the prefix.
        DigestError: a record has no sha256 or URL, so the package could not be installed again.
    """
    paths = sorted((prefix / META).glob("*.json"))
    packages = [installed_package(prefix, path.stem, strict=strict) for path in paths]
    if strict:
        _refuse_nameless(prefix, packages)
    subdirs = {p.subdir for p in packages} - {"noarch"}
    asked = read_requested(prefix)
    names = {p.name for p in packages}
    return Lock(
        platform=subdirs.pop() if len(subdirs) == 1 else platform,
        channels=tuple(dict.fromkeys(p.channel for p in packages)),
        packages=tuple(topological(packages)),
        specs=tuple(spec for name, spec in sorted(asked.items()) if name in names),
    )


def installed_package(prefix: Path, dist: str, *, strict: bool = True) -> LockedPackage:
    """Return an installed package; sha256 and URL are empty if its record has none.

    Raises:
        RecordError: the record is not readable or not valid, or names a path outside the prefix.
    """
    path, raw = prefix / META / f"{dist}.json", read_raw(prefix, dist)
    if outside := outside_of(raw):
        raise RecordError(
            f"a package record names a path outside the environment: {outside!r}",
            where=str(path),
            hint="sealenv verify shows details; create the environment again",
        )
    record = {key: raw[key] for key in Record.__struct_fields__ if raw.get(key) is not None}
    record.setdefault("depends", [])
    record.setdefault("build_number", 0)
    url = clean_url(str(raw.get("url") or ""), path.parent) if raw.get("url") else ""
    record.setdefault("subdir", folder_name(url))
    package = LockedPackage(
        url=url,
        channel=_channel(str(raw.get("channel") or ""), url, record["subdir"]),
        fn=file_name(url) if url else str(raw.get("fn", "")),
        sha256=str(raw.get("sha256") or ""),
        size=record.get("size") if isinstance(record.get("size"), int) else None,
        record=record,
    )
    if not {"name", "version", "build"} <= record.keys():
        raise RecordError(
            "the record has no name, version or build", where=str(path), hint="sealenv verify"
        )
    whole = strict and package.sha256 and url
    if fault := check_package(package) if whole else check_record(record):
        raise RecordError(
            f"the record is not valid: {fault}",
            where=str(path),
            hint="repair the environment",
        )
    return package


def _channel(said: str, url: str, subdir: str) -> str:
    """Return the channel of a record, which need not be part of its URL (`base_url`, CEP 15).

    conda's records append the subdir. A name such as conda-forge is less than the URL has.
    """
    if "://" in said:
        clean = split_credentials(said).clean.rstrip("/").removesuffix(f"/{subdir}")
        if check_channel(clean) is None:
            return clean + "/"
    return url.rpartition("/")[0].rpartition("/")[0] + "/" if url else said


def _refuse_nameless(prefix: Path, packages: list[LockedPackage]) -> None:
    bare = [p for p in packages if not p.sha256 or not p.url]
    if bare:
        raise DigestError(
            f"{len(bare)} of {len(packages)} package records have no sha256 or URL, so they could not "
            "be verified",
            where=str(prefix),
            details=[p.dist for p in bare[:20]],
            hint="an older tool installed them; install them again, or lock the requested specs: "
            "sealenv export ENV --format environment-yml --from-history",
        )
