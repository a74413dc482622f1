"""Conda packages (CEP 34), their archives (CEP 35), and repodata.json (CEP 36).

`zstd` is `compression.zstd` of Python 3.14 (PEP 784), or its backport: 1.4 MB installed, where the
wheel of `zstandard` has 24.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import json
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

if sys.version_info >= (3, 14):
    from compression import zstd as zstd
else:
    from backports import zstd as zstd


FileMode = Literal["text", "binary"]
ArchiveFormat = Literal["conda", "tar.bz2"]

_STEM = "/opt/sealenv_demo_build/place/prefix_"
PLACEHOLDER = (_STEM + "placehold_" * 25)[:255]
"""The prefix in text files until a package is linked: 255 characters, as in conda-build."""
TIMESTAMP = 1_700_000_000_000
"""The build time (milliseconds) of packages that state none: fixed, so that the bytes are equal."""


@dataclass(frozen=True)
class Payload:
    """One path of a package: bytes, a file to read, or a symbolic link.

    Args:
        path: relative to the prefix, with `/`.
        data: the content; or
        source: a file that holds the content; or
        symlink_target: the text of a link.
        executable: mode 0755 instead of 0644.
        prefix_placeholder: the text to replace when linking, with its `file_mode`.
        file_mode: how to replace it: `text`, or `binary` (NUL-padded).
    """

    path: str
    data: bytes | None = None
    source: Path | None = None
    executable: bool = False
    symlink_target: str | None = None
    prefix_placeholder: str | None = None
    file_mode: FileMode | None = None

    @cached_property
    def content(self) -> bytes:
        """The bytes, read once."""
        if self.data is not None:
            return self.data
        return self.source.read_bytes() if self.source is not None else b""

    def paths_entry(self) -> dict[str, object]:
        """Return this path as an entry of info/paths.json."""
        entry: dict[str, object] = {"_path": self.path}
        if self.symlink_target is not None:
            entry["path_type"] = "softlink"
            entry["sha256"] = hashlib.sha256(b"").hexdigest()
            entry["size_in_bytes"] = 0
            return entry
        entry["path_type"] = "hardlink"
        entry["sha256"] = hashlib.sha256(self.content).hexdigest()
        entry["size_in_bytes"] = len(self.content)
        if self.prefix_placeholder is not None:
            entry["prefix_placeholder"] = self.prefix_placeholder
            entry["file_mode"] = self.file_mode or "text"
        return entry


@dataclass(frozen=True)
class Package:
    """The content and metadata of one archive."""

    name: str
    version: str
    payload: tuple[Payload, ...] = ()
    build: str = "0"
    build_number: int = 0
    subdir: str = "noarch"
    noarch: Literal["python", "generic"] | None = None
    depends: tuple[str, ...] = ()
    entry_points: tuple[str, ...] = ()
    license: str = "MIT"
    summary: str = ""
    timestamp: int | None = TIMESTAMP
    python_site_packages_path: str | None = None
    index_extra: Mapping[str, object] = field(default_factory=dict)

    @property
    def stem(self) -> str:
        """`name-version-build`: the file name without its extension."""
        return f"{self.name}-{self.version}-{self.build}"

    def index(self) -> dict[str, object]:
        """Return the content of info/index.json."""
        index: dict[str, object] = {
            "build": self.build,
            "build_number": self.build_number,
            "depends": list(self.depends),
            "license": self.license,
            "name": self.name,
            "subdir": self.subdir,
            "timestamp": self.timestamp,
            "version": self.version,
        }
        if self.noarch is not None:
            index["noarch"] = self.noarch
        if self.python_site_packages_path is not None:
            index["python_site_packages_path"] = self.python_site_packages_path
        index.update(self.index_extra)
        return {key: value for key, value in index.items() if value is not None}


def _json(value: object) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


@dataclass(frozen=True)
class Member:
    """One member of a tar: a regular file, or a symbolic link if `linkname` is given."""

    name: str
    data: bytes = b""
    mode: int = 0o644
    linkname: str | None = None


def info_members(package: Package) -> list[Member]:
    """Return the members below info/."""
    ordered = sorted(package.payload, key=lambda item: item.path)
    paths = {"paths": [item.paths_entry() for item in ordered], "paths_version": 1}
    about = {"license": package.license, "summary": package.summary}
    members = [
        Member("info/about.json", _json(about)),
        Member("info/files", "".join(f"{item.path}\n" for item in ordered).encode()),
        Member("info/index.json", _json(package.index())),
        Member("info/paths.json", _json(paths)),
    ]
    if package.noarch == "python":
        noarch = {"entry_points": list(package.entry_points), "type": "python"}
        link = {"noarch": noarch, "package_metadata_version": 1}
        members.append(Member("info/link.json", _json(link)))
    return members


def payload_members(package: Package) -> list[Member]:
    """Return the members that are linked into a prefix."""
    return [
        Member(item.path, linkname=item.symlink_target)
        if item.symlink_target is not None
        else Member(item.path, item.content, 0o755 if item.executable else 0o644)
        for item in package.payload
    ]


def package_bytes(package: Package, fmt: ArchiveFormat = "conda") -> bytes:
    """Return the archive as bytes, without any checks: tests build hostile archives with it."""
    mtime = (package.timestamp or TIMESTAMP) // 1000
    info, payload = info_members(package), payload_members(package)
    if fmt == "tar.bz2":
        # info first, so that a reader of the metadata need not unpack the payload.
        info.sort(key=lambda member: member.name)
        payload.sort(key=lambda member: member.name)
        return bz2.compress(tar_bytes(info + payload, mtime=mtime, in_order=True), 6)
    info_tar, payload_tar = tar_bytes(info, mtime=mtime), tar_bytes(payload, mtime=mtime)
    return conda_container(package.stem, info_tar, payload_tar)


def tar_bytes(members: Iterable[Member], *, mtime: int = 0, in_order: bool = False) -> bytes:
    """Return the members as an uncompressed tar, sorted by name unless `in_order`."""
    rows = members if in_order else sorted(members, key=lambda member: member.name)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in rows:
            entry = tarfile.TarInfo(member.name)
            entry.mtime = mtime
            entry.mode = member.mode
            if member.linkname is not None:
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, member.linkname, 0o777
            else:
                entry.size = len(member.data)
            archive.addfile(entry, io.BytesIO(member.data))
    return buffer.getvalue()


def conda_container(stem: str, info_tar: bytes, payload_tar: bytes) -> bytes:
    """Join the two tars to the bytes of `<stem>.conda`."""
    parts = {
        "metadata.json": b'{"conda_pkg_format_version": 2}',
        f"pkg-{stem}.tar.zst": zstd.compress(payload_tar),
        f"info-{stem}.tar.zst": zstd.compress(info_tar),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts.items():
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def write_package(package: Package, folder: Path, fmt: ArchiveFormat = "conda") -> Path:
    """Write the archive into a channel's subdir folder and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{package.stem}.{fmt}"
    target.write_bytes(package_bytes(package, fmt))
    return target


def record_of(archive: Path) -> dict[str, object]:
    """Return the repodata record of an archive: its index.json with digests and size."""
    data = archive.read_bytes()
    record: dict[str, object] = json.loads(_index_json(archive, data))
    record["md5"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    record["sha256"] = hashlib.sha256(data).hexdigest()
    record["size"] = len(data)
    return record


def _index_json(archive: Path, data: bytes) -> bytes:
    if archive.name.endswith(".conda"):
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            name = next(n for n in container.namelist() if n.startswith("info-"))
            data = zstd.decompress(container.read(name))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.extractfile("info/index.json")
        assert member is not None
        return member.read()


def write_repodata(
    folder: Path, overrides: Mapping[str, Mapping[str, object] | None] | None = None
) -> Path:
    """Index every archive in a channel's subdir folder.

    Writes repodata.json and repodata.json.zst.

    Args:
        folder: a channel's `<subdir>` folder; it is created if it does not exist.
        overrides: fields to replace in the record of a file, for tests of broken channels: None
            instead of a value removes the field, None instead of fields leaves the archive out. An
            archive with a complete record is not read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, dict[str, object]]] = {"packages": {}, "packages.conda": {}}
    for archive in sorted(folder.iterdir()):
        fields = (overrides or {}).get(archive.name, {})
        if fields is None or not archive.name.endswith((".conda", ".tar.bz2")):
            continue
        record = {**({} if "name" in fields else record_of(archive)), **fields}
        group = "packages.conda" if archive.suffix == ".conda" else "packages"
        found[group][archive.name] = {k: v for k, v in record.items() if v is not None}
    content = {"info": {"subdir": folder.name}, "removed": [], "repodata_version": 1, **found}
    text = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    with_checksum: dict[int, int] = {zstd.CompressionParameter.checksum_flag: 1}
    (folder / "repodata.json.zst").write_bytes(zstd.compress(text, options=with_checksum))
    target = folder / "repodata.json"
    target.write_bytes(text)
    return target
