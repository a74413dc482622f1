"""Read a bundle: packages, wheels, lock, micromamba and scripts in one file.

A bundle may come from anyone. Names follow a few patterns, order and sizes are known before the members
are read, headers are compared, and everything is hashed before any of it enters the store.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from sealenv.errors import BundleError, DigestError, FetchError
from sealenv.locks import Lock, LockedWheel, LockFile
from sealenv.locks.checks import check_file
from sealenv.locks.model import topological
from sealenv.store.archives import Archive, Store
from sealenv.store.bundle_format import (
    BLOCK,
    LARGEST,
    LOCK,
    MANIFEST,
    BundleManifest,
    Member,
    end,
    header,
    is_executable,
    member_name,
    padding,
)

__all__ = ["Bundle", "is_bundle", "open_bundle"]

SUFFIX = ".sealenv"
_PIECE = 1 << 20
_MANIFEST_BYTES = 16 << 20
_TEXT_BYTES = 64 << 20
_TEXTS = ("README.txt", "install.bat", "install.sh", LOCK)
_NAMES = re.compile(
    r"README\.txt|install\.(bat|sh)|lock\.json|micromamba/micromamba-[a-z0-9]+-[a-z0-9]+(\.exe)?"
    r"|packages/[0-9a-f]{64}\.(conda|tar\.bz2)|wheels/[0-9a-f]{64}\.whl",
    re.ASCII,
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_WHEEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.whl", re.ASCII)


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


class Bundle:
    """An open bundle with a valid manifest and lock. Close it, or use it with `with`."""

    def __init__(self, path: Path, file: BinaryIO, size: int) -> None:
        self.path = path
        self._file = file
        self.manifest, begin = self._read_manifest()
        self._places = self._locate(begin, size)
        self._members = {member.name: member for member in self.manifest.members}
        self._verified = False
        self.locks = self._read_locks()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """The bytes of all members."""
        return sum(member.size for member in self.manifest.members)

    def verify(self, on_bytes: Callable[[int], None] = lambda done: None) -> None:
        """Hash every member, and compare every header and every byte between them.

        Args:
            on_bytes: called with the number of hashed bytes.

        Raises:
            BundleError: the file differs from its manifest.
            DigestError: a member has another digest.
        """
        done = 0
        for member in self.manifest.members:
            self._compare_header(member)
            digest = hashlib.sha256()
            for piece in self._pieces(member):
                digest.update(piece)
                done += len(piece)
                on_bytes(done)
            if digest.hexdigest() != member.sha256:
                raise self._wrong_digest(member)
            if any(self._read(padding(member.size))):
                raise self._broken(f"unexpected data after {member.name}")
        while piece := self._file.read(_PIECE):
            if any(piece):
                raise self._broken("unexpected data after the last member")
        self._verified = True

    def put_into(self, store: Store, lock: Lock) -> list[Archive]:
        """Verify the bundle, then copy the archives of a lock into the store.

        Returns:
            The archives that the store did not have.

        Raises:
            BundleError, DigestError: as `verify`; nothing was written.
            FilesystemError: the store is not writable.
        """
        if not self._verified:
            self.verify()
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
        self._file.seek(self._places[member.name])
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

    def _compare_header(self, member: Member) -> None:
        self._file.seek(self._places[member.name] - BLOCK)
        wanted = header(member.name, member.size, executable=is_executable(member.name))
        if self._read(BLOCK) != wanted:
            raise self._broken(f"the header of {member.name} is wrong")

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
        if size < 0 or block != header(MANIFEST, size, executable=False):
            raise self._broken("it does not start like a bundle")
        if size > _MANIFEST_BYTES:
            raise self._broken(f"a manifest of {size} bytes")
        data = self._read(size)
        if any(self._read(padding(size))):
            raise self._broken("unexpected data after the manifest")
        try:
            manifest = msgspec.json.decode(data, type=BundleManifest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"its manifest cannot be read: {error}") from None
        if manifest.encode() != data:
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
            if not 0 <= member.size <= (_TEXT_BYTES if name in _TEXTS else LARGEST):
                raise self._broken(f"{name} has {member.size} bytes")
            digest = name.partition("/")[2].partition(".")[0]
            named = name.startswith(("packages/", "wheels/"))
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
        self._compare_header(member)
        data = b"".join(self._pieces(member))
        if hashlib.sha256(data).hexdigest() != member.sha256:
            raise self._wrong_digest(member)
        try:
            file = msgspec.json.decode(data, type=LockFile)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._broken(f"its {LOCK} cannot be read: {error}") from None
        if problem := check_file(file):
            raise self._broken(f"its {LOCK}: {problem}")
        if not file.locks or len(set(file.platforms)) != len(file.locks):
            raise self._broken(f"the platforms in its {LOCK} are {file.platforms!a}")
        wanted: set[str] = set()
        for item in (item for lock in file.locks for item in lock.archives):
            self._check_item(item)
            wanted.add(member_name(item))
        if extra := {n for n in self._members if n.startswith(("packages/", "wheels/"))} - wanted:
            raise self._broken(f"no lock in it contains {min(extra)}")
        locks = (replace(lock, packages=tuple(topological(lock.packages))) for lock in file.locks)
        return replace(file, locks=tuple(locks))

    def _check_item(self, item: Archive) -> None:
        """Check that an archive of the lock is in the bundle; its names become paths."""
        if isinstance(item, LockedWheel):
            if not _WHEEL.fullmatch(item.fn):
                raise self._broken(f"its lock names a wheel {item.fn[:200]!a}")
        elif item.fn.removesuffix(".conda").removesuffix(".tar.bz2") != item.dist:
            raise self._broken(f"{item.fn} does not have the name of its record")
        member = self._members.get(member_name(item))
        if member is None:
            raise self._broken(f"{item.fn}, sha256 {item.sha256}, is not in it")
        if item.size is not None and item.size != member.size:
            raise self._broken(f"its lock has another size for {item.fn}")


def open_bundle(path: Path) -> Bundle:
    """Open a bundle, and check its manifest, its locks and its size.

    Raises:
        FetchError: the file cannot be read.
        BundleError: it is not a valid bundle.
        DigestError: its locks have another digest.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            status = os.fstat(file.fileno())
            # The size of a device or pipe is 0: it fails the comparison of sizes.
            size = status.st_size if stat.S_ISREG(status.st_mode) else 0
            bundle = Bundle(path, file, size)
        except OSError as error:
            raise FetchError(
                f"the bundle cannot be read: {error.strerror}",
                where=str(path),
                hint="check its path",
            ) from error
        stack.pop_all()
        return bundle
