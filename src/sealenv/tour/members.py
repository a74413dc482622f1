"""The containers of conda archives: tar members, tar.zst in a stored zip (CEP 35), tar.bz2.

Everything is written bit-reproducibly: sorted members, fixed owners and times, no file system.
"""

from __future__ import annotations

import bz2
import io
import tarfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass

from sealenv.system.zstd import compress

__all__ = ["Member", "conda_container", "tar_bytes", "tar_bz2_container"]

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Member:
    """One member of a tar: a regular file, or a symbolic link when `linkname` is given."""

    name: str
    data: bytes = b""
    mode: int = 0o644
    linkname: str | None = None


def tar_bytes(members: Iterable[Member], *, mtime: int = 0, in_order: bool = False) -> bytes:
    """Write the members, sorted by name unless `in_order`, as an uncompressed tar."""
    rows = list(members)
    if not in_order:
        rows.sort(key=lambda member: member.name)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for member in rows:
            entry = tarfile.TarInfo(member.name)
            entry.mtime = mtime
            entry.mode = member.mode
            if member.linkname is not None:
                entry.type = tarfile.SYMTYPE
                entry.linkname = member.linkname
                entry.mode = 0o777
                archive.addfile(entry)
            else:
                entry.size = len(member.data)
                archive.addfile(entry, io.BytesIO(member.data))
    return buffer.getvalue()


def conda_container(stem: str, info_tar: bytes, payload_tar: bytes, *, level: int = 3) -> bytes:
    """Join the two tars to the bytes of `<stem>.conda`."""
    buffer = io.BytesIO()
    parts = [
        ("metadata.json", b'{"conda_pkg_format_version": 2}'),
        (f"pkg-{stem}.tar.zst", compress(payload_tar, level)),
        (f"info-{stem}.tar.zst", compress(info_tar, level)),
    ]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in parts:
            entry = zipfile.ZipInfo(name, _ZIP_EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def tar_bz2_container(tar: bytes) -> bytes:
    """Compress one tar (info and payload together) to the bytes of a `.tar.bz2` package."""
    return bz2.compress(tar, 6)
