"""Look into a package archive before a byte of it is unpacked, and refuse a hostile one.

`check_identity` runs at each fetch: the archive may have come for another record, and a lock is not
trusted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from sealenv.errors import LinkError
from sealenv.layout import ACTIVATION, META, PKGS, SCRATCH, USER_FOLDER, leaves
from sealenv.locks import LockedPackage, LockedWheel
from sealenv.store.archives import FORMAT, METADATA, Manifest, PathEntry

if TYPE_CHECKING:
    from rattler.package_streaming import PackageArchive

_COMMAND = re.compile(r"\w[\w.+@ -]*")
_FUNCTION = re.compile(
    r"\s*[^\W\d]\w*(\.[^\W\d]\w*)*\s*:\s*[^\W\d]\w*(\.[^\W\d]\w*)*\s*(\[[\w, .-]*\]\s*)?"
)
# Decompression bombs: the largest packages there are unpack to a tenfold; metadata is read into memory.
_MOST_RATIO = 200
_MOST_BYTES = 256 << 20
_MOST_METADATA = 64 << 20
_FORBIDDEN = frozenset({META, PKGS, SCRATCH, USER_FOLDER, "envs", "etc/sealenv", *ACTIVATION})
"""Where no package has files: records (CEP 34), what is not sealed, and what sealenv writes itself."""
_T = TypeVar("_T")


class ListedPath(msgspec.Struct, rename={"path": "_path"}):
    """One entry of info/paths.json (CEP 34)."""

    path: str
    path_type: str = "hardlink"
    sha256: str | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None
    file_mode: str | None = None


class Listing(msgspec.Struct):
    """info/paths.json."""

    paths: list[ListedPath]


class _Noarch(msgspec.Struct):
    entry_points: list[str] | None = None


class _Link(msgspec.Struct):
    noarch: _Noarch | None = None


class _Member(NamedTuple):
    size: int
    is_file: bool
    is_link: bool
    target: str | None


async def inspect(package: LockedPackage, archive: Path) -> Manifest:
    """Read names, link targets and entry points from an archive.

    What is judged here must be what py-rattler unpacks and links: it reads `info/` of the unpacked
    folder, so nothing but the archive's own metadata may end up there.

    Raises:
        LinkError: the archive cannot be read, or contains files that must not be linked.
    """
    from rattler.package_streaming import PackageArchive

    try:
        opened = await PackageArchive.from_path(archive)
        members = await _members(package, opened, archive.stat().st_size)
        info = await opened.read_files([name for name in METADATA if name in members])
    except LinkError:
        raise
    except Exception as error:
        # py-rattler raises plain OSError, ExtractError, PanicException here, by kind of damage.
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}",
            where=package.url,
            hint="the package is damaged in its channel; tell the channel's owner",
        ) from error
    link = _decode(package, "info/link.json", info.get("info/link.json") or b"{}", _Link)
    index = info.get("info/index.json") or b"{}"
    identity = identity_of(_decode(package, "info/index.json", index, dict[str, Any]))
    check_identity(package, identity)
    listed = _listed(package, info)
    for item in listed:
        _check_member(package, item, members.get(_normal(item.path)))
    manifest = Manifest(
        format=FORMAT,
        paths=[
            PathEntry(
                item.path,
                item.size_in_bytes or 0,
                item.prefix_placeholder,
                item.file_mode,
                members[_normal(item.path)].target if _normal(item.path) in members else None,
            )
            for item in listed
        ],
        entry_points=list((link.noarch.entry_points if link.noarch else None) or ()),
        metadata={
            name: hashlib.sha256(data).hexdigest()
            for name, data in sorted(info.items())
            if data is not None
        },
        identity=identity,
    )
    check_paths(package, manifest)
    return manifest


async def _members(
    package: LockedPackage, opened: PackageArchive, archive_size: int
) -> dict[str, _Member]:
    """Everything in the archive by name; refuses what no package needs and an attacker could use."""
    found: dict[str, _Member] = {}
    room = max(_MOST_BYTES, archive_size * _MOST_RATIO)
    for section in ("info", "pkg"):
        async for entry in opened.stream(section):
            name = _normal(entry.name)
            if _leaves(name):
                raise refused(package, name, "leaves the environment")
            if entry.is_hardlink:
                raise refused(package, name, "is a hard link inside the archive")
            in_info = name.split("/")[0].casefold() == "info"
            if in_info != (section == "info"):
                raise refused(package, name, "mixes metadata and payload")
            if in_info and (entry.is_link or entry.size > _MOST_METADATA):
                raise refused(package, name, "is not valid metadata")
            if name in found and (in_info or entry.is_link or found[name].is_link):
                raise refused(package, name, "is in the archive twice")
            room -= entry.size
            if room < 0:
                raise refused(package, name, f"unpacks to far more than {archive_size} bytes may")
            found[name] = _Member(entry.size, entry.is_file, entry.is_symlink, entry.link_target)
    links = {name for name, member in found.items() if member.is_link}
    for name in links:
        _check_target(package, name, found[name].target or "")
    for name in found if links else ():
        parent = name.rpartition("/")[0]
        while parent:
            if parent in links:
                raise refused(package, name, f"is behind the link {parent!r}")
            parent = parent.rpartition("/")[0]
    return found


def _normal(name: str) -> str:
    """Without `./` in front and `/` behind, as py-rattler unpacks it."""
    return name.removeprefix("./").rstrip("/")


def _listed(package: LockedPackage, info: dict[str, bytes | None]) -> list[ListedPath]:
    paths = info.get("info/paths.json")
    if paths is None:
        raise refused(package, "info/paths.json", "is missing, as in packages from before 2017")
    return _decode(package, "info/paths.json", paths, Listing).paths


def _check_member(package: LockedPackage, item: ListedPath, member: _Member | None) -> None:
    """What paths.json names must be in the archive, as what it says."""
    if item.path_type == "directory":
        if member is not None and (member.is_file or member.is_link):
            raise refused(package, item.path, "is not a folder in the archive")
    elif _leaves(item.path) or not item.path:
        raise refused(package, item.path, "leaves the environment")
    elif member is None:
        raise refused(package, item.path, "is named by paths.json, but not in the archive")
    elif not (member.is_file or member.is_link):
        raise refused(package, item.path, "is neither a file nor a link")
    elif member.is_file and item.size_in_bytes not in {None, member.size}:
        raise refused(
            package,
            item.path,
            f"has {member.size} bytes; the package's own paths.json promises {item.size_in_bytes}",
        )


def _decode(package: LockedPackage, name: str, data: bytes, form: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise refused(package, name, f"is not what it should be: {error}") from error


def check_paths(package: LockedPackage | LockedWheel, manifest: Manifest) -> None:
    """Refuse paths and link targets that leave the environment or touch what is not a package's.

    Raises:
        LinkError: with the first such path.
    """
    for entry in manifest.paths:
        if not entry.path or _leaves(entry.path):
            raise refused(package, entry.path, "leaves the environment")
        parts = entry.path.lower().replace("\\", "/").split("/")
        if not _FORBIDDEN.isdisjoint({parts[0], "/".join(parts[:2])}):
            raise refused(package, entry.path, "is in a place where no package may put files")
        if entry.target is not None:
            _check_target(package, entry.path, entry.target)
    for line in manifest.entry_points:
        command, _, function = line.partition("=")
        if not _COMMAND.fullmatch(command.strip()) or not _FUNCTION.fullmatch(function):
            raise refused(package, line, "is not an entry point")


def _check_target(package: LockedPackage | LockedWheel, path: str, target: str) -> None:
    if not target:
        raise refused(package, path, "is a link to nothing")
    if target.startswith(("/", "\\")) or target[1:2] == ":":
        raise refused(package, path, f"is a link to the absolute path {target!r}")
    depth = path.count("/")
    for part in target.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            raise refused(package, path, f"is a link out of the environment: {target!r}")


def _leaves(path: str) -> bool:
    return leaves(path) or any(ord(c) < 32 or c in "\x7f\ufffd" for c in path)


def refused(archive: LockedPackage | LockedWheel, what: str, why: str) -> LinkError:
    """Return the error for an archive that must not be linked."""
    return LinkError(
        f"{archive.dist} is refused: {what!r} {why}",
        where=archive.url,
        hint="nothing of it was linked; leave it out, or tell the owner of the channel or index",
    )


def identity_of(index: Mapping[str, Any]) -> dict[str, str]:
    """Return what an info/index.json says of name, version, build and noarch."""
    names = ("name", "version", "build", "noarch")
    return {name: str(index[name]) for name in names if index.get(name) is not None}


def check_identity(archive: LockedPackage | LockedWheel, identity: Mapping[str, str]) -> None:
    """Compare what an archive calls itself with what it was fetched for.

    Raises:
        LinkError: it would be linked as something else than it is.
    """
    found: dict[str, object] = {**identity}
    if isinstance(archive, LockedWheel):
        # The engine imports this file at its start, and most locks have no wheels.
        from packaging.utils import canonicalize_name, canonicalize_version

        found["name"] = canonicalize_name(identity["name"])
        wanted = {"name": archive.name, "version": archive.version}
        if canonicalize_version(identity["version"]) == canonicalize_version(archive.version):
            found["version"] = archive.version  # 1.0 is 1
    else:
        wanted = {key: str(archive.record[key]) for key in ("name", "version", "build")}
        if "build_number" in archive.record:  # else the rest is taken from this very index
            wanted["noarch"] = "python" if archive.is_noarch_python else "not python"
            python = identity.get("noarch") == "python"
            found["noarch"] = "python" if python else "not python"
    for key, value in wanted.items():
        if found.get(key, value) != value:
            raise refused(archive, str(found[key]), f"is its {key}, not {value!r}")
