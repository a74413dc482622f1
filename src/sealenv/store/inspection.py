"""Look into a package archive before a byte of it is unpacked, and refuse a hostile one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import msgspec

from sealenv.errors import LinkError
from sealenv.layout import ACTIVATION, META, PKGS, SCRATCH, USER_FOLDER, leaves
from sealenv.locks import LockedPackage, LockedWheel
from sealenv.store.manifest import (
    FORMAT,
    METADATA,
    ListedPath,
    Listing,
    Manifest,
    PathEntry,
    check_identity,
    identity_of,
)

if TYPE_CHECKING:
    from rattler.package_streaming import PackageArchive

__all__ = ["check_paths", "inspect"]

_OLD_PREFIX = "/opt/anaconda1anaconda2anaconda3"
_FUNCTION = re.compile(
    r"\s*[^\W\d]\w*(\.[^\W\d]\w*)*\s*:\s*[^\W\d]\w*(\.[^\W\d]\w*)*\s*(\[[\w, .-]*\]\s*)?"
)
# Decompression bombs: the largest packages there are unpack to a tenfold; metadata is read into memory.
_MOST_RATIO = 200
_MOST_BYTES = 256 << 20
_MOSTMETADATA = 64 << 20
_T = TypeVar("_T")

_NOT_SEALED = (USER_FOLDER, PKGS, "envs")
"""The user's, the package cache and the environments of a conda inside: as `seal.tree.OUTSIDE`."""


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
                raise _refused(package, name, "leaves the environment")
            if entry.is_hardlink:
                raise _refused(package, name, "is a hard link inside the archive")
            in_info = name.split("/")[0].casefold() == "info"
            if in_info != (section == "info"):
                raise _refused(package, name, "mixes metadata and payload")
            if in_info and (entry.is_link or entry.size > _MOSTMETADATA):
                raise _refused(package, name, "is not valid metadata")
            if name in found and (in_info or entry.is_link or found[name].is_link):
                raise _refused(package, name, "is in the archive twice")
            room -= entry.size
            if room < 0:
                raise _refused(
                    package,
                    name,
                    f"unpacks to far more than an archive of {archive_size} bytes may",
                )
            found[name] = _Member(entry.size, entry.is_file, entry.is_symlink, entry.link_target)
    links = {name for name, member in found.items() if member.is_link}
    for name in links:
        _check_target(package, name, found[name].target or "")
    for name in found if links else ():
        parent = name.rpartition("/")[0]
        while parent:
            if parent in links:
                raise _refused(package, name, f"is behind the link {parent!r}")
            parent = parent.rpartition("/")[0]
    return found


def _normal(name: str) -> str:
    """Without `./` in front and `/` behind, as py-rattler unpacks it."""
    return name.removeprefix("./").rstrip("/")


def _lines(info: dict[str, bytes | None], name: str) -> list[str]:
    """No `splitlines`: a form feed in a name ends no line."""
    return [
        line.rstrip("\r") for line in (info.get(name) or b"").decode("utf-8", "replace").split("\n")
    ]


def _listed(package: LockedPackage, info: dict[str, bytes | None]) -> list[ListedPath]:
    """paths.json, or what packages had before it (2017): then py-rattler reads `files`."""
    paths = info.get("info/paths.json")
    if paths is not None:
        return _decode(package, "info/paths.json", paths, Listing).paths
    files = _lines(info, "info/files")
    prefixes = {}
    for line in filter(str.strip, _lines(info, "info/has_prefix")):
        fields = [part.strip("\"'") for part in line.split(None, 2)]
        placeholder, mode, path = (
            fields if len(fields) == 3 else (_OLD_PREFIX, "text", line.strip())
        )
        prefixes[path] = (placeholder, mode)
    return [
        ListedPath(path, prefix_placeholder=prefix, file_mode=mode)
        for path in files
        if path.strip()
        for prefix, mode in [prefixes.get(path, (None, None))]
    ]


def _check_member(package: LockedPackage, item: ListedPath, member: _Member | None) -> None:
    """What paths.json names must be in the archive, as what it says."""
    if item.path_type == "directory":
        if member is not None and (member.is_file or member.is_link):
            raise _refused(package, item.path, "is not a folder in the archive")
    elif _leaves(item.path) or not item.path:
        raise _refused(package, item.path, "leaves the environment")
    elif member is None:
        raise _refused(package, item.path, "is named by paths.json, but not in the archive")
    elif not (member.is_file or member.is_link):
        raise _refused(package, item.path, "is neither a file nor a link")
    elif member.is_file and item.size_in_bytes not in {None, member.size}:
        raise _refused(
            package,
            item.path,
            f"has {member.size} bytes; the package's own paths.json promises {item.size_in_bytes}",
        )


def _decode(package: LockedPackage, name: str, data: bytes, form: type[_T]) -> _T:
    try:
        return msgspec.json.decode(data, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(package, name, f"is not what it should be: {error}") from error


def check_paths(package: LockedPackage | LockedWheel, manifest: Manifest) -> None:
    """Refuse paths and link targets that leave the environment or touch what is not a package's.

    Raises:
        LinkError: with the first such path.
    """
    for entry in manifest.paths:
        path = entry.path
        if not path or _leaves(path):
            raise _refused(package, path, "leaves the environment")
        parts = path.replace("\\", "/").split("/")
        top = parts[0].lower()
        if top == META:
            raise _refused(
                package, path, f"lies in {META}, where no package may put files (CEP 34)"
            )
        if len(parts) == 1 and top in ACTIVATION:
            raise _refused(package, path, "would replace an activation script")
        if top in _NOT_SEALED:
            raise _refused(package, path, "lies where nothing is sealed")
        if top == SCRATCH:
            raise _refused(package, path, "lies where sealenv works while it links")
        if [part.lower() for part in parts[:2]] == ["etc", "sealenv"]:
            raise _refused(package, path, "would replace the data of an activation script")
        if entry.target is not None:
            _check_target(package, path, entry.target)
    for line in manifest.entry_points:
        command, _, function = line.partition("=")
        command = command.strip()
        if (
            not command
            or any(c in command for c in "/\\:\0\n\r\"'`$;&|<>%!^*?")
            or command[0] in "-."
        ):
            raise _refused(package, line, "is not a name for an entry point")
        if not _FUNCTION.fullmatch(function):
            raise _refused(package, line, "names no function for an entry point")


def _check_target(package: LockedPackage | LockedWheel, path: str, target: str) -> None:
    if not target:
        raise _refused(package, path, "is a link to nothing")
    if target.startswith(("/", "\\")) or target[1:2] == ":":
        raise _refused(package, path, f"is a link to the absolute path {target!r}")
    depth = path.count("/")
    for part in target.replace("\\", "/").split("/"):
        depth += -1 if part == ".." else 0 if part in {"", "."} else 1
        if depth < 0:
            raise _refused(package, path, f"is a link out of the environment: {target!r}")


def _leaves(path: str) -> bool:
    return leaves(path) or any(ord(c) < 32 or c in "\x7f\ufffd" for c in path)


def _refused(package: LockedPackage | LockedWheel, path: str, why: str) -> LinkError:
    return LinkError(
        f"{package.dist} is refused: {path!r} {why}",
        where=package.url,
        hint="nothing of the package was linked; leave it out, or tell "
        + ("the channel's owner" if isinstance(package, LockedPackage) else "who publishes it"),
    )
