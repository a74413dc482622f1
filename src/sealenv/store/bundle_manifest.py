"""What a bundle says it holds: the manifest, the names that members may have, and where each begins."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from sealenv.errors import BundleError
from sealenv.layout import is_windows
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.checks import check_channel, check_lock
from sealenv.locks.fields import check_file
from sealenv.locks.order import misplaced
from sealenv.store import ustar
from sealenv.store.archives import Archive, archives_of

__all__ = [
    "LOCK",
    "MANIFEST",
    "SCHEMA",
    "BundleManifest",
    "Member",
    "broken",
    "is_executable",
    "member_name",
    "micromamba_member",
    "places_of",
    "read_locks",
    "read_manifest",
]


SCHEMA = 1
MANIFEST = "sealenv-bundle.json"
LOCK = "lock.json"
_MANIFEST_BYTES = 16 << 20
_TEXT_BYTES = 64 << 20
_NAMES = re.compile(
    r"README\.txt|install\.(bat|sh)|lock\.json|micromamba/micromamba-[a-z0-9]+-[a-z0-9]+(\.exe)?"
    r"|packages/[0-9a-f]{64}\.(conda|tar\.bz2)|wheels/[0-9a-f]{64}\.whl",
    re.ASCII,
)
_TEXTS = ("README.txt", "install.bat", "install.sh", LOCK)


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle."""

    name: str
    size: int
    sha256: str


class BundleManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The first member: what follows, in order. It is written in one way only, like the headers."""

    schema: int
    members: tuple[Member, ...]

    def encode(self) -> bytes:
        """JSON with an indent of one space, and a line end."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def member_name(item: Archive) -> str:
    """Where a package's or wheel's bytes are: under their digest."""
    if isinstance(item, LockedWheel):
        return f"wheels/{item.sha256}.whl"
    return f"packages/{item.sha256}{'.conda' if item.fn.endswith('.conda') else '.tar.bz2'}"


def micromamba_member(platform: str) -> str:
    """Where the executable for a platform is."""
    return f"micromamba/micromamba-{platform}{'.exe' if is_windows(platform) else ''}"


def is_executable(name: str) -> bool:
    """Whether a member is one of the programs: it follows from its name."""
    return name == "install.sh" or name.startswith("micromamba/")


def read_manifest(path: Path, file: BinaryIO) -> tuple[BundleManifest, int]:
    """The manifest, and where the next header begins.

    Raises:
        BundleError: the file does not begin with one.
    """
    block = file.read(ustar.BLOCK)
    size = ustar.size_in(block)
    if size is None or block != ustar.header(MANIFEST, size, executable=False):
        raise broken(path, "it does not begin as a bundle does")
    if size > _MANIFEST_BYTES:
        raise broken(path, f"a manifest of {size} bytes")
    data = file.read(size)
    if len(data) != size or any(file.read(ustar.padding(size))):
        raise broken(path, "it ends too early")
    try:
        schema = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("schema", b"none")
        if bytes(schema) != b"%d" % SCHEMA:
            raise broken(path, f"its schema is {bytes(schema)[:20]!r}, and {SCHEMA} is known here")
        manifest = msgspec.json.decode(data, type=BundleManifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken(path, f"its manifest cannot be read: {error}") from None
    if manifest.encode() != data:
        raise broken(path, "its manifest is not written as the format demands")
    return manifest, ustar.BLOCK + size + ustar.padding(size)


def places_of(path: Path, manifest: BundleManifest, begin: int) -> tuple[dict[str, int], int]:
    """Where each member's bytes begin, and where the last one ends.

    Raises:
        BundleError: a name, the order, a size or a digest is not as it may be.
    """
    places: dict[str, int] = {}
    last = ""
    for member in manifest.members:
        name, size = member.name, member.size
        digest = name.split("/", 1)[-1].split(".", 1)[0]
        largest = _TEXT_BYTES if name in _TEXTS else ustar.LARGEST
        if not _NAMES.fullmatch(name):
            raise broken(path, f"no member of a bundle is called {name[:200]!a}")
        if name <= last:
            raise broken(path, f"{name} is there twice, or not in its place")
        if not 0 <= size <= largest:
            raise broken(path, f"{name} has {size} bytes")
        if not re.fullmatch("[0-9a-f]{64}", member.sha256) or (
            name.startswith(("packages/", "wheels/")) and digest != member.sha256
        ):
            raise broken(path, f"{name} has no sha256, or another one than its name says")
        last = name
        places[name] = begin + ustar.BLOCK
        begin += ustar.BLOCK + size + ustar.padding(size)
    return places, begin


def broken(path: Path, what: str) -> BundleError:
    """The error for a file that is not a bundle, or not as it should be."""
    return BundleError(
        f"this is not a bundle, or a damaged one: {what}",
        where=str(path),
        hint="nothing of it was used; get it again from whoever made it",
    )


_WHEEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.whl", re.ASCII)
_PLATFORM = re.compile(r"[a-z]+-[a-z0-9]+", re.ASCII)


def read_locks(path: Path, data: bytes, members: Mapping[str, Member]) -> LockFile:
    """The locks, and that the bundle holds what they name and no more.

    Args:
        path: the bundle.
        data: its `lock.json`.
        members: what else is in it, by name.

    Raises:
        BundleError: something in it is not as the format demands.
    """
    try:
        locks = msgspec.json.decode(data, type=LockFile)
        unknown = _unknown(msgspec.json.decode(data, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken(path, f"its {LOCK} cannot be read: {error}") from None
    if unknown is not None:
        raise broken(path, f"its {LOCK} has a key that is not known: {unknown[:80]!a}")
    if problem := check_file(locks):
        raise broken(path, f"its {LOCK}: {problem}")
    known = locks.platforms
    if not known or len(set(known)) != len(known) or not all(map(_PLATFORM.fullmatch, known)):
        raise broken(path, f"the platforms in its {LOCK} are {known!a}")
    wanted: set[str] = set()
    for lock in locks.locks:
        if problem := _problem(lock):
            raise broken(path, f"its lock for {lock.platform}: {problem}")
        for item in archives_of(lock):
            if problem := _named_wrongly(item) or _missing(item, members.get(member_name(item))):
                raise broken(path, problem)
            wanted.add(member_name(item))
    extra = {n for n in members if n.startswith(("packages/", "wheels/"))} - wanted
    if extra:
        raise broken(path, f"no lock in it names {min(extra)}")
    return locks


def _unknown(file: dict[str, Any]) -> str | None:
    """A key that no page says anything about: a newer format, or something that hides."""
    locks = file["locks"]
    packages = [package for lock in locks for package in lock["packages"]]
    wheels = [wheel for lock in locks for wheel in lock.get("wheels", ())]
    return (
        _other([file], LockFile)
        or _other(locks, Lock)
        or _other(packages, LockedPackage)
        or _other(wheels, LockedWheel)
    )


def _other(found: Iterable[dict[str, Any]], kind: type[msgspec.Struct]) -> str | None:
    known = set(kind.__struct_fields__)
    return next((key for item in found for key in item if key not in known), None)


def _problem(lock: Lock) -> str | None:
    for channel in dict.fromkeys((*lock.channels, *(p.channel for p in lock.packages))):
        if problem := channel and check_channel(channel):
            return problem
    if problem := check_lock(lock):
        return problem
    if found := misplaced(lock.packages):
        return f"{found[0]} stands before {found[1]}, which it depends on"
    return None


def _named_wrongly(item: Archive) -> str | None:
    """Why a package of the lock cannot be taken: its names become paths."""
    if isinstance(item, LockedWheel):
        return None if _WHEEL.fullmatch(item.fn) else f"its lock names a wheel {item.fn[:200]!a}"
    if item.fn.removesuffix(".conda").removesuffix(".tar.bz2") != item.dist:
        return f"{item.fn} is not called as its record says"
    return None


def _missing(item: Archive, member: Member | None) -> str | None:
    if member is None:
        return f"its lock names {item.fn}, sha256 {item.sha256}, which is not in it"
    if item.size is not None and item.size != member.size:
        return f"its lock names another size for {item.fn}"
    return None
