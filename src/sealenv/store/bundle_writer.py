"""Write a bundle: reproducible bytes, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from sealenv.errors import CacheDamagedError, SpecError
from sealenv.store import ustar
from sealenv.store.bundle_manifest import (
    MANIFEST,
    SCHEMA,
    BundleManifest,
    Member,
    is_executable,
)
from sealenv.system.hashing import hash_file
from sealenv.system.temporary import partial_file

__all__ = ["Source", "write_bundle"]

_PIECE = 1 << 20


class Source:
    """What becomes a member: bytes, or a file of the store with a digest that it must have."""

    def __init__(self, name: str, data: bytes | None = None, path: Path | None = None) -> None:
        self.name = name
        self.data = data
        self.path = path


def write_bundle(
    path: Path,
    sources: Sequence[Source],
    on_bytes: Callable[[int, int], None],
) -> tuple[BundleManifest, str, int]:
    """The file, under another name until it is whole; its manifest, sha256 and size.

    Args:
        path: where; what is there is replaced.
        sources: the members, in any order.
        on_bytes: is told how many of how many bytes are written.

    Raises:
        CacheDamagedError: an archive has not the digest that it lies under.
        SpecError: a member is larger than the format can hold.
        OSError: as the operating system says.
    """
    ordered = sorted(sources, key=lambda source: source.name)
    members = tuple(_member(source) for source in ordered)
    manifest = BundleManifest(schema=SCHEMA, members=members)
    data = manifest.encode()
    first = Member(MANIFEST, len(data), hashlib.sha256(data).hexdigest())
    total = sum(member.size for member in members)
    with partial_file(path) as file:
        out = _Hashing(file, lambda done: on_bytes(min(done, total), total))
        _write_member(out, first, Source(MANIFEST, data=data))
        for member, source in zip(members, ordered, strict=True):
            _write_member(out, member, source)
        out.write(bytes(ustar.end(out.size)))
    return manifest, out.digest.hexdigest(), out.size


def _member(source: Source) -> Member:
    if source.data is not None:
        digest, size = hashlib.sha256(source.data).hexdigest(), len(source.data)
    else:
        assert source.path is not None
        digest, size = hash_file(source.path)
        if source.path.parent.name != digest:
            raise CacheDamagedError(
                f"{source.path.name} was damaged in the cache",
                where=str(source.path),
                hint="run the same command again: it is fetched anew",
            )
    if size > ustar.LARGEST:
        raise SpecError(f"{source.name} is larger than a bundle can hold: {size} bytes")
    return Member(source.name, size, digest)


def _write_member(out: _Hashing, member: Member, source: Source) -> None:
    out.write(ustar.header(member.name, member.size, executable=is_executable(member.name)))
    before = out.size
    if source.data is not None:
        out.write(source.data)
    else:
        assert source.path is not None
        with source.path.open("rb") as file:
            while piece := file.read(_PIECE):
                out.write(piece)
    if out.size - before != member.size:
        raise CacheDamagedError(f"{member.name} changed while it was read", where=str(source.path))
    out.write(bytes(ustar.padding(member.size)))


class _Hashing:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO, on_bytes: Callable[[int], None]) -> None:
        self.file = file
        self.on_bytes = on_bytes
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> None:
        self.file.write(data)
        self.digest.update(data)
        self.size += len(data)
        self.on_bytes(self.size)
