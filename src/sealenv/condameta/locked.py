"""The lock that an environment's records amount to: what is in it, as exact packages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from sealenv.condameta.records import scan_records
from sealenv.errors import DigestError, RecordError
from sealenv.layout import META
from sealenv.lock import Lock, LockedPackage
from sealenv.lock.order import topological
from sealenv.urls import split_credentials

__all__ = ["lock_of_prefix"]

_OF_THE_PREFIX = (
    "auth", "channel", "extracted_package_dir", "files", "fn", "installed_at", "link",
    "package_tarball_full_path", "paths_data", "requested_spec", "requested_specs", "url",
)  # fmt: skip
"""Keys of a prefix record that no repodata record has (CEP 32)."""


def lock_of_prefix(prefix: Path, platform: str) -> Lock:
    """What is installed by conda, mamba, pixi or sealenv; wheels of pip are not in records.

    Args:
        prefix: the environment.
        platform: its subdir.

    Raises:
        RecordError: a record cannot be read.
        DigestError: a record has no sha256, or no URL.
    """
    records, problems = scan_records(prefix)
    if problems:
        raise RecordError("records of the environment cannot be read", details=problems)
    packages = [_package(prefix, record.dist) for record in records]
    without = [p.dist for p in packages if not p.sha256 or "://" not in p.url]
    if without:
        raise DigestError(
            "packages of the environment have no sha256 or no address in their records",
            where=str(prefix),
            details=without,
            hint="make it anew from a lock; what made it did not keep them",
        )
    requested = [spec for record in records for spec in record.requested_specs]
    return Lock(
        platform=platform,
        channels=tuple(dict.fromkeys(p.channel for p in packages)),
        packages=tuple(topological(packages)),
        specs=tuple(sorted(requested)),
    )


def _package(prefix: Path, dist: str) -> LockedPackage:
    path = prefix / META / f"{dist}.json"
    try:
        fields = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise RecordError(f"a record cannot be read: {error}", where=str(path)) from error
    url = split_credentials(str(fields.get("url", ""))).clean
    channel = split_credentials(str(fields.get("channel") or url.rsplit("/", 2)[0])).clean
    record = {key: value for key, value in fields.items() if key not in _OF_THE_PREFIX}
    size = fields.get("size")
    return LockedPackage(
        url=url,
        channel=channel,
        fn=url.rsplit("/", 1)[-1] if "://" in url else str(fields.get("fn", "")),
        sha256=str(fields.get("sha256") or ""),
        size=size if isinstance(size, int) and size > 0 else None,
        record=record,
    )
