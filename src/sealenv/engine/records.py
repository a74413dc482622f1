"""Convert between locked packages and py-rattler's records."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from rattler import PackageRecord, RepoDataRecord
from rattler.package import BuildString

from sealenv.errors import DigestError
from sealenv.locks import LockedPackage
from sealenv.locks.checks import check_package
from sealenv.urls import split_credentials

__all__ = ["from_record", "to_record"]


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
