"""A bundle: packages, wheels, lock, micromamba and the scripts that need no Python, in one file.

docs/reference/bundle.md describes the format. A bundle may come from anybody: names are of a few
patterns, order and sizes are known before the first byte is read on, headers are compared and not
interpreted, and all of it is hashed before anything of it enters the store.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from sealenv.errors import DigestError, FetchError
from sealenv.locks import Lock, LockFile
from sealenv.store import ustar
from sealenv.store.archives import Archive, Store, archives_of
from sealenv.store.bundle_manifest import (
    LOCK,
    MANIFEST,
    BundleManifest,
    Member,
    broken,
    is_executable,
    member_name,
    places_of,
    read_locks,
    read_manifest,
)

__all__ = ["Bundle", "is_bundle", "open_bundle"]

_PIECE = 1 << 20
SUFFIX = ".sealenv"


def is_bundle(path: Path) -> bool:
    """Whether a file begins as a bundle does, or is called like one: that may be damaged.

    False for what cannot be read.
    """
    if path.suffix == SUFFIX and path.is_file():
        return True
    try:
        with path.open("rb") as file:
            return file.read(len(MANIFEST) + 1) == MANIFEST.encode() + b"\0"
    except OSError:
        return False


class Bundle:
    """An open bundle whose manifest and lock were read and agree. Close it, or use it with `with`."""

    def __init__(
        self, path: Path, file: BinaryIO, manifest: BundleManifest, places: dict[str, int]
    ) -> None:
        self.path = path
        self.manifest = manifest
        self._file = file
        self._places = places
        self._members = {member.name: member for member in manifest.members}
        self._hashed = False
        self.locks = self._read_locks()

    def __enter__(self) -> Bundle:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes of all members."""
        return sum(member.size for member in self.manifest.members)

    def verify(self, on_bytes: Callable[[int], None] = lambda done: None) -> None:
        """Hash every member, and compare every header and every byte between them.

        Args:
            on_bytes: is told how many bytes were hashed.

        Raises:
            BundleError: something else is in the file than the manifest says.
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
            if any(self._read(ustar.padding(member.size))):
                raise broken(self.path, f"there is something behind {member.name}")
        while piece := self._file.read(_PIECE):
            if any(piece):
                raise broken(self.path, "there is something behind the last member")
        self._hashed = True

    def put_into(
        self, store: Store, lock: Lock, on_bytes: Callable[[int], None] = lambda done: None
    ) -> list[Archive]:
        """Take the archives and wheels of a lock into the store, when all of the bundle was hashed.

        Returns:
            Those that were not there before.

        Raises:
            BundleError, DigestError: as `verify`; nothing was written then.
            FilesystemError: the store cannot be written.
        """
        if not self._hashed:
            self.verify(on_bytes)
        store.prepare()
        put = []
        for item in archives_of(lock):
            with store.fetching(item):
                if not (store.has(item) and store.verify(item)):
                    self._put(store, item)
                    put.append(item)
        return put

    def read(self, name: str) -> bytes | None:
        """The bytes of a member, compared with its digest; None where it is not there.

        Raises:
            DigestError: it has another digest.
        """
        member = self._members.get(name)
        if member is None:
            return None
        data = b"".join(self._pieces(member))
        if hashlib.sha256(data).hexdigest() != member.sha256:
            raise self._wrong_digest(member)
        return data

    def _put(self, store: Store, item: Archive) -> None:
        member = self._members.get(member_name(item))
        if member is None:  # the lock is of another bundle that lay here
            raise broken(self.path, f"{item.fn} is not in it")
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
            raise broken(self.path, "it ends too early")
        return data

    def _compare_header(self, member: Member) -> None:
        self._file.seek(self._places[member.name] - ustar.BLOCK)
        wanted = ustar.header(member.name, member.size, executable=is_executable(member.name))
        if self._read(ustar.BLOCK) != wanted:
            raise broken(self.path, f"where {member.name} should begin there is something else")

    def _wrong_digest(self, member: Member) -> DigestError:
        return DigestError(
            f"{member.name} in the bundle has another sha256 than its manifest says",
            where=str(self.path),
            hint="nothing of the bundle was used; get it again",
        )

    def _read_locks(self) -> LockFile:
        member = self._members.get(LOCK)
        if member is None:
            raise broken(self.path, f"it has no {LOCK}")
        self._compare_header(member)
        return read_locks(self.path, self.read(LOCK) or b"", self._members)


def open_bundle(path: Path) -> Bundle:
    """Read manifest and locks; what they say of each other and of the size of the file holds then.

    Raises:
        FetchError: the file cannot be read.
        BundleError: it is not a bundle, or one that is not as the format demands.
        DigestError: its locks have another digest than its manifest says.
    """
    with contextlib.ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("rb"))
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise broken(path, "it is not a plain file")
            manifest, begin = read_manifest(path, file)
            places, length = places_of(path, manifest, begin)
            if status.st_size - length not in (2 * ustar.BLOCK, ustar.end(length)):
                raise broken(
                    path, f"{length + ustar.end(length)} bytes are promised, {status.st_size} there"
                )
            bundle = Bundle(path, file, manifest, places)
        except OSError as error:
            raise FetchError(
                f"the bundle cannot be read: {error.strerror}",
                where=str(path),
                hint="check its path",
            ) from error
        stack.pop_all()
        return bundle
