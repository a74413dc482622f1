"""Convert between locked packages and py-rattler's records, and complete short ones."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import msgspec
from rattler import PackageRecord, RepoDataRecord
from rattler.package import BuildString
from rattler.package_streaming import PackageArchive

from sealenv.engine.messages import Complete
from sealenv.errors import DigestError, LinkError
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.checks import check_package
from sealenv.locks.model import topological
from sealenv.store.archives import Store
from sealenv.store.manifest import check_identity, identity_of
from sealenv.urls import split_credentials

__all__ = ["complete", "from_record", "to_record"]

_KEPT = ("arch", "build_number", "constrains", "depends", "features", "license", "license_family",
         "noarch", "platform", "python_site_packages_path", "timestamp", "track_features")  # fmt: skip


def from_record(record: RepoDataRecord) -> LockedPackage:
    """Return the locked package for a channel's record.

    Raises:
        DigestError: no sha256, or an invalid name, digest or size.
    """
    raw: dict[str, Any] = json.loads(record.to_json())
    url = split_credentials(raw.pop("url")).clean
    fn = raw.pop("fn")
    raw.pop("channel", None)
    sha256 = raw.get("sha256")
    if not sha256:
        raise DigestError(
            f"the channel gives no sha256 for {fn}, so it cannot be verified",
            where=url,
            hint="choose another version or channel; the channel's owner can re-index it",
        )
    package = LockedPackage(
        url=url,
        channel=split_credentials(record.channel).clean,
        fn=fn,
        sha256=sha256,
        size=raw.get("size"),
        record=raw,
    )
    if fault := check_package(package):
        raise DigestError(
            f"the channel's record is invalid: {fault}", where=url, hint="do not use it"
        )
    return package


def to_record(package: LockedPackage, url: str = "file:///") -> RepoDataRecord:
    """Return py-rattler's record for a locked package; py-rattler cannot read it as JSON."""
    raw = package.record
    record = PackageRecord(
        name=package.name,
        version=package.version,
        build=BuildString.new_unchecked(package.build),
        build_number=int(raw.get("build_number", 0)),
        subdir=package.subdir,
        arch=raw.get("arch"),
        platform=raw.get("platform"),
        noarch=raw.get("noarch"),
        depends=list(raw.get("depends", ())),
        constrains=list(raw.get("constrains", ())),
        sha256=bytes.fromhex(package.sha256),
        md5=bytes.fromhex(raw["md5"]) if raw.get("md5") else None,
        size=package.size,
        license=raw.get("license"),
        license_family=raw.get("license_family"),
        python_site_packages_path=raw.get("python_site_packages_path"),
    )
    if raw.get("timestamp"):
        record.timestamp = dt.datetime.fromtimestamp(raw["timestamp"] / 1000, dt.timezone.utc)
    return RepoDataRecord(record, package.fn, url, package.channel)


async def complete(request: Complete, emit: object) -> Lock:
    """Fill in records that were read from a list of files, from each archive's index.json.

    Linking needs `noarch`, and a prefix record needs the dependencies.

    Raises:
        LinkError: an archive cannot be read, or is another package than its file name says.
    """
    store = Store(Path(request.store))
    packages = [
        p if "build_number" in p.record else await _completed(p, store.path(p))
        for p in request.lock.packages
    ]
    return msgspec.structs.replace(request.lock, packages=tuple(topological(packages)))


async def _completed(package: LockedPackage, archive: Path) -> LockedPackage:
    try:
        opened = await PackageArchive.from_path(archive)
        info = await opened.read_files(["info/index.json"])
        index = msgspec.json.decode(info["info/index.json"] or b"", type=dict[str, Any])
    except Exception as error:
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}",
            where=package.url,
            hint="the package is damaged in its channel; tell the channel's owner",
        ) from error
    check_identity(package, identity_of(index))
    known = {key: index[key] for key in _KEPT if index.get(key) is not None}
    size = archive.stat().st_size
    record = {"depends": [], "build_number": 0, **known, **package.record}
    record |= {"sha256": package.sha256, "size": size}
    return msgspec.structs.replace(package, record=record, size=size)
