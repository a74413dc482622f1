"""The format of a bundle, and writing one. docs/reference/bundle.md describes it.

A bundle is a POSIX ustar archive of plain files, byte by byte as GNU tar writes it. Name, size and mode
determine each header, so a reader compares headers and never interprets them. The manifest comes first.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from sealenv.errors import CacheDamagedError, SpecError
from sealenv.layout import is_windows
from sealenv.locks import LockedWheel
from sealenv.store.archives import Archive
from sealenv.system.files import partial_file
from sealenv.system.hashing import hash_file

__all__ = [
    "BLOCK",
    "LARGEST",
    "LOCK",
    "MANIFEST",
    "BundleManifest",
    "Member",
    "Source",
    "end",
    "header",
    "is_executable",
    "member_name",
    "micromamba_member",
    "padding",
    "write_bundle",
]

MANIFEST = "sealenv-bundle.json"
LOCK = "lock.json"
BLOCK = 512
LARGEST = 0o77777777777
"""The most bytes of a member: eleven octal digits, 8 GiB."""
_RECORD = 20 * BLOCK
_PIECE = 1 << 20


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle."""

    name: str
    size: int
    sha256: str


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first member: it lists the others, in order."""

    schema: Literal[1]
    members: tuple[Member, ...]

    def encode(self) -> bytes:
        """Return the only valid encoding: JSON with an indent of one space, and a line feed."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def member_name(item: Archive) -> str:
    """Return the name of a package's or wheel's member: its digest."""
    if isinstance(item, LockedWheel):
        return f"wheels/{item.sha256}.whl"
    return f"packages/{item.sha256}{'.conda' if item.fn.endswith('.conda') else '.tar.bz2'}"


def micromamba_member(platform: str) -> str:
    """Return the name of the micromamba executable for a platform."""
    return f"micromamba/micromamba-{platform}{'.exe' if is_windows(platform) else ''}"


def is_executable(name: str) -> bool:
    """Return whether a member is a program."""
    return name == "install.sh" or name.startswith("micromamba/")


def header(name: str, size: int, *, executable: bool) -> bytes:
    """Return the 512 bytes before a file: mode 0644 or 0755, owner 0, time 0.

    Args:
        name: at most 99 ASCII characters.
        size: bytes, at most `LARGEST`.
        executable: for owner, group and others.
    """
    assert len(name) < 100
    assert 0 <= size <= LARGEST
    mode = 0o755 if executable else 0o644
    fields = [
        (name.encode("ascii"), 100),
        (b"%07o" % mode, 8),
        (b"%07o" % 0, 8),  # uid
        (b"%07o" % 0, 8),  # gid
        (b"%011o" % size, 12),
        (b"%011o" % 0, 12),  # mtime
        (b" " * 8, 8),  # the checksum, which counts itself as spaces
        (b"0", 1),  # a plain file
        (b"", 100),  # no link
        (b"ustar\x0000", 8),
        (b"", 32),  # user name
        (b"", 32),  # group name
        (b"%07o" % 0, 8),
        (b"%07o" % 0, 8),
        (b"", 155),
        (b"", 12),
    ]
    block = b"".join(text.ljust(width, b"\0") for text, width in fields)
    return block[:148] + b"%06o\0 " % sum(block) + block[156:]


def padding(size: int) -> int:
    """Return the number of zeros after a file of that size."""
    return -size % BLOCK


def end(written: int) -> int:
    """Return the number of zeros after the last file: two blocks, up to a record of 10240 bytes."""
    return 2 * BLOCK + -(written + 2 * BLOCK) % _RECORD


@dataclass(frozen=True)
class Source:
    """The content of a member: bytes, or a file of the store."""

    name: str
    data: bytes | None = None
    path: Path | None = None


def write_bundle(
    path: Path, sources: Sequence[Source], on_bytes: Callable[[int, int], None]
) -> tuple[BundleManifest, str, int]:
    """Write a bundle, atomically. Return its manifest, sha256 and size.

    Args:
        path: the file; an existing one is replaced.
        sources: the members, in any order.
        on_bytes: called with the written and the total bytes.

    Raises:
        CacheDamagedError: an archive does not have its digest.
        SpecError: a member is too large for the format.
        OSError: as the operating system says.
    """
    ordered = sorted(sources, key=lambda source: source.name)
    members = tuple(_member(source) for source in ordered)
    manifest = BundleManifest(schema=1, members=members)
    data = manifest.encode()
    total = sum(member.size for member in members)
    with partial_file(path) as file:
        out = _Output(file, lambda done: on_bytes(min(done, total), total))
        out.add(Source(MANIFEST, data=data), len(data))
        for member, source in zip(members, ordered, strict=True):
            out.add(source, member.size)
        out.write(bytes(end(out.size)))
    return manifest, out.digest.hexdigest(), out.size


def _member(source: Source) -> Member:
    if source.path is None:
        data = source.data or b""
        digest, size = hashlib.sha256(data).hexdigest(), len(data)
    else:
        digest, size = hash_file(source.path)
        if source.path.parent.name != digest:
            raise CacheDamagedError(
                f"{source.path.name} was damaged in the cache",
                where=str(source.path),
                hint="run the same command again: it downloads the file again",
            )
    if size > LARGEST:
        raise SpecError(f"{source.name} is too large for a bundle: {size} bytes")
    return Member(source.name, size, digest)


class _Output:
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

    def add(self, source: Source, size: int) -> None:
        """Write a member of the expected size."""
        self.write(header(source.name, size, executable=is_executable(source.name)))
        before = self.size
        if source.path is None:
            self.write(source.data or b"")
        else:
            with source.path.open("rb") as file:
                while piece := file.read(_PIECE):
                    self.write(piece)
        if self.size - before != size:
            raise CacheDamagedError(
                f"{source.name} changed while it was read", where=str(source.path)
            )
        self.write(bytes(padding(size)))
