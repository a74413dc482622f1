"""A bundle: packages, wheels, lock, micromamba and scripts in one tar file (docs/reference/bundle.md).

A bundle may come from anyone. The manifest comes first and lists all other members in order. They are
plain files whose names follow a few patterns, and everything is hashed before any of it enters the
store.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import tarfile
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


def member_name(item: Archive) -> str:
    """Return the name of a package's or wheel's member: its digest."""
    if isinstance(item, LockedWheel):
        return f"wheels/{item.sha256}.whl"
    return f"packages/{item.sha256}{'.conda' if item.fn.endswith('.conda') else '.tar.bz2'}"


def micromamba_member(platform: str) -> str:
    """Return the name of the micromamba executable for a platform."""
    return f"micromamba/micromamba-{platform}{'.exe' if is_windows(platform) else ''}"


@dataclass(frozen=True)
class Source:
    """The content of a member: bytes, or a file of the store, in a folder named by its digest."""

    name: str
    data: bytes = b""
    path: Path | None = None

    def open(self) -> BinaryIO:
        """Return the content as a file."""
        return self.path.open("rb") if self.path else io.BytesIO(self.data)

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

    The same members give the same bytes: each is a plain file with owner 0 and time 0.

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
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
    total = sum(member.size for member in manifest.members)
    done = 0
    with (
        partial_file(path) as file,
        tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        first = Source(MANIFEST, text)
        for source, member in zip(
            [first, *ordered], [first.member(), *manifest.members], strict=True
        ):
            info = tarfile.TarInfo(source.name)
            info.size = member.size
            program = source.name == "install.sh" or source.name.startswith("micromamba/")
            info.mode = 0o755 if program else 0o644
            with source.open() as content:
                tar.addfile(info, content)
            done += info.size
            on_bytes(min(done, total), total)
    return manifest, *hash_file(path)


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
    """Open a bundle, and check its manifest, its locks and its members.

    Raises:
        FetchError: the file cannot be read.
        BundleError: it is not a valid bundle.
        DigestError: its locks have another digest.
    """
    try:
        tar = tarfile.open(path, "r:")  # noqa: SIM115
    except OSError as error:
        raise FetchError(
            f"the bundle cannot be read: {error.strerror}", where=str(path), hint="check its path"
        ) from error
    except tarfile.TarError as error:
        raise _not_a_bundle(path, str(error)) from None
    with tar:
        yield Bundle(path, tar)


class Bundle:
    """An open bundle with a valid manifest and lock."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path = path
        self._tar = tar
        self.manifest = self._read_manifest()
        self._infos = {member.name: self._find(member) for member in self.manifest.members}
        if self._next() is not None:
            raise self._broken("it has a member that its manifest does not list")
        self._members = {member.name: member for member in self.manifest.members}
        self.locks = self._read_locks()

    def verify(self, on_bytes: Callable[[int, int], None] = lambda done, total: None) -> None:
        """Hash every member.

        Args:
            on_bytes: called with the number of hashed bytes, and of all bytes.

        Raises:
            BundleError: the file is truncated.
            DigestError: a member has another digest.
            FilesystemError: it cannot be read.
        """
        done, total = 0, sum(member.size for member in self.manifest.members)
        for member in self.manifest.members:
            digest = hashlib.sha256()
            for piece in self._pieces(member):
                digest.update(piece)
                done += len(piece)
                on_bytes(done, total)
            if digest.hexdigest() != member.sha256:
                raise self._wrong_digest(member)

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
        """Yield the content of a member."""
        file = self._tar.extractfile(self._infos[member.name])
        assert file is not None, "it is a plain file"
        with self._explained():
            while piece := file.read(_PIECE):
                yield piece

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (tarfile.TarError, ValueError) as error:
            raise self._broken(str(error)) from None
        except OSError as error:
            raise from_oserror(error) from error

    def _next(self) -> tarfile.TarInfo | None:
        """Return the next member, which must be a plain file; None at the end."""
        with self._explained():
            info = self._tar.next()
        if info is not None and (info.type != tarfile.REGTYPE or info.pax_headers):
            raise self._broken(f"{info.name[:200]!a} is not a plain file")
        return info

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
        return _not_a_bundle(self.path, what)

    def _read_manifest(self) -> BundleManifest:
        info = self._next()
        if info is None or info.name != MANIFEST or info.size > _MOST_TEXT:
            raise self._broken("it does not start like a bundle")
        file = self._tar.extractfile(info)
        assert file is not None, "it is a plain file"
        with self._explained():
            data = file.read()
        manifest = self._decode(MANIFEST, data, BundleManifest)
        names = [member.name for member in manifest.members]
        if names != sorted(set(names)):
            raise self._broken("a member is listed twice, or out of order")
        return manifest

    def _find(self, member: Member) -> tarfile.TarInfo:
        """Return the next member, after checking name, size and digest."""
        name = member.name
        info = self._next()
        if info is None or (info.name, info.size) != (name, member.size):
            raise self._broken(f"{name[:200]!a} is not in its place, or has another size")
        if not _NAMES.fullmatch(name):
            raise self._broken(f"{name[:200]!a} is not a member of a bundle")
        if "/" not in name and member.size > _MOST_TEXT:
            raise self._broken(f"{name} has {member.size} bytes")
        digest = name.partition("/")[2].partition(".")[0]
        named = name.startswith(_ARCHIVES)
        if not _SHA256.fullmatch(member.sha256) or (named and digest != member.sha256):
            raise self._broken(f"{name} has no sha256, or not that of its name")
        return info

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


def _not_a_bundle(path: Path, what: str) -> BundleError:
    return BundleError(
        f"this is not a bundle, or a damaged one: {what}",
        where=str(path),
        hint="nothing was installed from it; get the bundle again from its source",
    )
