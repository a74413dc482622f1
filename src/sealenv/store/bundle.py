"""A bundle: packages, wheels, lock, micromamba and scripts in one file (docs/reference/bundle.md).

It is a POSIX ustar archive of plain files, byte by byte as GNU tar writes it. Name and size determine
each header, so a reader compares headers and never interprets them. The manifest comes first.

A bundle may come from anyone. Names follow a few patterns, order and sizes are known before the members
are read, and everything is hashed before any of it enters the store.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import msgspec
from msgspec.structs import replace

from sealenv.errors import BundleError, CacheDamagedError, DigestError, FetchError, from_oserror
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedWheel, LockFile
from sealenv.locks.checks import check_file
from sealenv.locks.model import topological
from sealenv.store.archives import Archive, Store
from sealenv.system.files import partial_file
from sealenv.system.hashing import hash_file

MANIFEST = "sealenv-bundle.json"
LOCK = "lock.json"
SUFFIX = ".sealenv"
BLOCK = 512
LARGEST = 0o77777777777
"""The most bytes of a member: eleven octal digits, 8 GiB."""
_RECORD = 20 * BLOCK
_PIECE = 1 << 20
_MOST_TEXT = 64 << 20
_ARCHIVES = ("packages/", "wheels/")
_NAMES = re.compile(
    r"README\.txt|install\.(bat|sh)|lock\.json|micromamba/micromamba-[a-z0-9]+-[a-z0-9]+(\.exe)?"
    r"|packages/[0-9a-f]{64}\.(conda|tar\.bz2)|wheels/[0-9a-f]{64}\.whl",
    re.ASCII,
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
T = TypeVar("T")


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


def header(name: str, size: int) -> bytes:
    """Return the 512 bytes before a file: mode 0755 of a program, else 0644; owner 0, time 0.

    Args:
        name: at most 99 ASCII characters.
        size: bytes, at most `LARGEST`.
    """
    assert len(name) < 100
    assert 0 <= size <= LARGEST
    program = name == "install.sh" or name.startswith("micromamba/")
    fields = [
        (name.encode("ascii"), 100),
        (b"%07o" % (0o755 if program else 0o644), 8),
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
    """The content of a member: bytes, or a file of the store, in a folder named by its digest."""

    name: str
    data: bytes = b""
    path: Path | None = None

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        if self.path is None:
            yield self.data
            return
        with self.path.open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece

    def member(self) -> Member:
        """Return its line of the manifest.

        Raises:
            CacheDamagedError: a file of the store does not have its digest.
        """
        if self.path is None:
            return Member(self.name, len(self.data), hashlib.sha256(self.data).hexdigest())
        digest, size = hash_file(self.path)
        if self.path.parent.name != digest:
            raise CacheDamagedError(
                f"{self.path.name} was damaged in the cache",
                where=str(self.path),
                hint="run the same command again: it downloads the file again",
            )
        return Member(self.name, size, digest)


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
        OSError: as the operating system says.
    """
    ordered = sorted(sources, key=lambda source: source.name)
    manifest = BundleManifest(schema=1, members=tuple(source.member() for source in ordered))
    data = manifest.encode()
    total = sum(member.size for member in manifest.members)
    digest, written = hashlib.sha256(), 0
    with partial_file(path) as file:

        def write(piece: bytes) -> None:
            nonlocal written
            file.write(piece)
            digest.update(piece)
            written += len(piece)
            on_bytes(min(written, total), total)

        sizes = [len(data), *(member.size for member in manifest.members)]
        for source, size in zip([Source(MANIFEST, data), *ordered], sizes, strict=True):
            write(header(source.name, size))
            for piece in source.pieces():
                write(piece)
            write(bytes(padding(size)))
        write(bytes(end(written)))
    return manifest, digest.hexdigest(), written


def is_bundle(path: Path) -> bool:
    """Return whether a file starts like a bundle or is named like one. Pipes are not read."""
    if not path.is_file():
        return False
    if path.suffix == SUFFIX:
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MANIFEST) + 1) == MANIFEST.encode() + b"\0"
    except OSError:
        return False


@contextlib.contextmanager
def open_bundle(path: Path) -> Iterator[Bundle]:
    """Open a bundle, and check its manifest, its locks and its size.

    Raises:
        FetchError: the file cannot be read.
        BundleError: it is not a valid bundle.
        DigestError: its locks have another digest.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise FetchError(
            f"the bundle cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from error
    with file:
        yield Bundle(path, file)


class Bundle:
    """An open bundle with a valid manifest and lock."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self.manifest, begin = self._read_manifest()
        # The size of a device or pipe is 0.
        self._places = self._locate(begin, os.fstat(file.fileno()).st_size)
        self._members = {member.name: member for member in self.manifest.members}
        self.locks = self._read_locks()

    def verify(self, on_bytes: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Hash every member, and compare every header and every byte between them.

        Args:
            on_bytes: called with the number of hashed bytes, and of all bytes.

        Raises:
            BundleError: the file differs from its manifest.
            DigestError: a member has another digest.
            FilesystemError: it cannot be read.
        """
        try:
            self._verify(on_bytes)
        except OSError as error:
            raise from_oserror(error) from error

    def _verify(self, on_bytes: Callable[[int, int], None]) -> None:
        done, total = 0, sum(member.size for member in self.manifest.members)
        for member in self.manifest.members:
            digest = hashlib.sha256()
            for piece in self._pieces(member):
                digest.update(piece)
                done += len(piece)
                on_bytes(done, total)
            if digest.hexdigest() != member.sha256:
                raise self._wrong_digest(member)
            if any(self._read(padding(member.size))):
                raise self._broken(f"unexpected data after {member.name}")
        while piece := self._file.read(_PIECE):
            if any(piece):
                raise self._broken("unexpected data after the last member")

    def put_into(self, store: Store, lock: Lock) -> list[Archive]:
        """Copy the archives of a lock into the store, hashed; return those that it did not have.

        Raises:
            DigestError: the file has changed since it was verified.
            FilesystemError: the store is not writable.
        """
        store.prepare()
        put = []
        for item in lock.archives:
            with store.fetching(item):
                if not (store.has(item) and store.verify(item)):
                    self._put(store, item)
                    put.append(item)
        return put

    def _put(self, store: Store, item: Archive) -> None:
        member = self._members[member_name(item)]
        partial = store.partial(item)
        digest = hashlib.sha256()
        try:
            with partial.open("wb") as file:
                for piece in self._pieces(member):
                    file.write(piece)
                    digest.update(piece)
            store.accept(item, digest.hexdigest(), member.size)
        finally:
            partial.unlink(missing_ok=True)

    def _pieces(self, member: Member) -> Iterator[bytes]:
        """Compare the header of a member, and yield its content."""
        self._file.seek(self._places[member.name] - BLOCK)
        if self._read(BLOCK) != header(member.name, member.size):
            raise self._broken(f"the header of {member.name} is wrong")
        left = member.size
        while left:
            piece = self._read(min(left, _PIECE))
            left -= len(piece)
            yield piece

    def _read(self, count: int) -> bytes:
        data = self._file.read(count)
        if len(data) != count:
            raise self._broken("it is truncated")
        return data

    def _decode(self, name: str, data: bytes, form: type[T]) -> T:
        try:
            return msgspec.json.decode(data, type=form)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"its {name} cannot be read: {error}") from None

    def _wrong_digest(self, member: Member) -> DigestError:
        return DigestError(
            f"Checksum mismatch: {member.name} in the bundle is not what its manifest lists",
            where=str(self.path),
            hint="nothing of the bundle was used; download it again",
        )

    def _broken(self, what: str) -> BundleError:
        return BundleError(
            f"this is not a bundle, or a damaged one: {what}",
            where=str(self.path),
            hint="nothing was installed from it; get the bundle again from its source",
        )

    def _read_manifest(self) -> tuple[BundleManifest, int]:
        """Return the manifest, and the position after it."""
        block = self._file.read(BLOCK)
        digits = block[124:135]
        size = int(digits, 8) if re.fullmatch(rb"[0-7]{11}", digits) else -1
        if not 0 <= size <= _MOST_TEXT or block != header(MANIFEST, size):
            raise self._broken("it does not start like a bundle")
        data = self._read(size)
        manifest = self._decode(MANIFEST, data, BundleManifest)
        if any(self._read(padding(size))) or manifest.encode() != data:
            raise self._broken("its manifest is not in the canonical form")
        return manifest, BLOCK + size + padding(size)

    def _locate(self, begin: int, size: int) -> dict[str, int]:
        """Return the position of each member, after checking name, order, size and digest."""
        places: dict[str, int] = {}
        last = ""
        for member in self.manifest.members:
            name = member.name
            if not _NAMES.fullmatch(name):
                raise self._broken(f"{name[:200]!a} is not a member of a bundle")
            if name <= last:
                raise self._broken(f"{name} is listed twice, or out of order")
            if not 0 <= member.size <= (LARGEST if "/" in name else _MOST_TEXT):
                raise self._broken(f"{name} has {member.size} bytes")
            digest = name.partition("/")[2].partition(".")[0]
            named = name.startswith(_ARCHIVES)
            if not _SHA256.fullmatch(member.sha256) or (named and digest != member.sha256):
                raise self._broken(f"{name} has no sha256, or not that of its name")
            last = name
            places[name] = begin + BLOCK
            begin += BLOCK + member.size + padding(member.size)
        if size - begin not in (2 * BLOCK, end(begin)):
            raise self._broken(f"it has {size} bytes instead of {begin + end(begin)}")
        return places

    def _read_locks(self) -> LockFile:
        """Return the locks, after checking that the bundle contains exactly their archives."""
        member = self._members.get(LOCK)
        if member is None:
            raise self._broken(f"it has no {LOCK}")
        data = b"".join(self._pieces(member))
        if hashlib.sha256(data).hexdigest() != member.sha256:
            raise self._wrong_digest(member)
        file = self._decode(LOCK, data, LockFile)
        if problem := check_file(file):
            raise self._broken(f"its {LOCK}: {problem}")
        if not file.locks or len(set(file.platforms)) != len(file.locks):
            raise self._broken(f"the platforms in its {LOCK} are {file.platforms!a}")
        wanted = {member_name(item): item for lock in file.locks for item in lock.archives}
        if wanted.keys() != {name for name in self._members if name.startswith(_ARCHIVES)}:
            raise self._broken(f"it does not contain exactly the archives of its {LOCK}")
        for name, item in wanted.items():
            if item.size not in (None, self._members[name].size):
                raise self._broken(f"its lock has another size for {item.fn[:200]!a}")
        locks = (replace(lock, packages=tuple(topological(lock.packages))) for lock in file.locks)
        return replace(file, locks=tuple(locks))
