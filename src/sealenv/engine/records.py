"""Records of packages: to and from py-rattler, and what is read from archives in the store."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from rattler import PackageRecord, RepoDataRecord
from rattler.package import BuildString
from rattler.package_streaming import PackageArchive

from sealenv.errors import CacheDamagedError, DigestError, EngineError, LinkError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.checks import check_package
from sealenv.locks.model import topological
from sealenv.pypi.machine import Distribution
from sealenv.store.archives import Store
from sealenv.store.inspect_package import check_identity, identity_of
from sealenv.system.files import write_atomic
from sealenv.urls import split_credentials

_RECORD = ("arch", "build_number", "constrains", "depends", "features", "license", "license_family",
           "noarch", "platform", "python_site_packages_path", "timestamp", "track_features")  # fmt: skip
_METADATA = re.compile(
    r"(?:.*/)?site-packages/[^/]+"
    r"(?:\.dist-info/METADATA|\.egg-info/PKG-INFO|\.egg-info|\.egg/EGG-INFO/PKG-INFO)"
)
_HEADERS = (
    "Metadata-Version",
    "Name",
    "Version",
    "Requires-Python",
    "Requires-Dist",
    "Provides-Extra",
)


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


async def _read(
    package: LockedPackage, store: Store, names: Sequence[str]
) -> dict[str, bytes | None]:
    try:
        archive = await PackageArchive.from_path(store.path(package))
        return await archive.read_files([*names])
    except Exception as error:
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}",
            where=package.url,
            hint="run the same command again; if it persists, tell the channel's owner",
        ) from error


async def complete(lock: Lock, store_root: str) -> Lock:
    """Fill in records that were read from a list of files, from each archive's index.json.

    Linking needs `noarch`, and a prefix record needs the dependencies.

    Raises:
        LinkError: an archive cannot be read, or is another package than its file name says.
    """
    store = Store(Path(store_root))
    packages = []
    for package in lock.packages:
        if "build_number" not in package.record:
            data = (await _read(package, store, ["info/index.json"]))["info/index.json"]
            index = msgspec.json.decode(data or b"{}", type=dict[str, Any])
            check_identity(package, identity_of(index))
            known = {key: index[key] for key in _RECORD if index.get(key) is not None}
            size = store.path(package).stat().st_size
            record = {"depends": [], "build_number": 0, **known, **package.record}
            record |= {"sha256": package.sha256, "size": size}
            package = msgspec.structs.replace(package, record=record, size=size)
        packages.append(package)
    return msgspec.structs.replace(lock, packages=tuple(topological(packages)))


async def distributions(packages: list[LockedPackage], store_root: str) -> list[Distribution]:
    """List the Python distributions in verified packages.

    Raises:
        LinkError: an archive cannot be read.
    """
    from email.parser import HeaderParser

    store = Store(Path(store_root))
    result = []
    for package in packages:
        manifest = store.manifest(package)
        assert manifest is not None, "fetching wrote it"
        names = [e.path for e in manifest.paths if _METADATA.fullmatch(e.path)]
        found = await _read(package, store, names) if names else {}
        for name in sorted(names):
            headers = HeaderParser().parsestr((found.get(name) or b"").decode("utf-8", "replace"))
            if headers["Name"] and headers["Version"]:
                lines = [
                    f"{key}: {' '.join(str(value).split())}\n"
                    for key in _HEADERS
                    for value in headers.get_all(key, [])
                ]
                own = str(headers["Name"]), str(headers["Version"])
                result.append(Distribution(package.dist, *own, "".join(lines)))
    return result


async def micromamba(package: LockedPackage, platform: str, store_root: str) -> str:
    """Take the executable out of a package of micromamba; return its path in the store.

    Raises:
        CacheDamagedError: the archive in the cache was damaged.
        EngineError: the package does not contain it.
    """
    store = Store(Path(store_root))
    if not store.verify(package):
        raise CacheDamagedError(
            f"{package.fn} was damaged in the cache and was removed from it",
            where=str(store.path(package)),
            hint="run the same command again to download it",
        )
    member = "Library/bin/micromamba.exe" if is_windows(platform) else "bin/micromamba"
    data = (await _read(package, store, [member])).get(member)
    if data is None:
        raise EngineError(
            f"{package.dist} does not contain {member}",
            where=package.url,
            hint="leave micromamba out of that channel",
        )
    path = store.archives / hashlib.sha256(data).hexdigest() / Path(member).name
    path.parent.mkdir(exist_ok=True)
    write_atomic(path, data, mode=0o755)
    return str(path)
