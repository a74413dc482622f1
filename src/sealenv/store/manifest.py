"""What a package archive holds, read once from verified bytes, and refused if it is hostile."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import LinkError
from sealenv.layout import META
from sealenv.lock import LockedPackage

__all__ = ["Manifest", "PathEntry", "check_paths", "inspect", "load", "save"]

_FORMAT = 1
_OURS = ("activate.sh", "activate.fish", "activate.csh", "activate.xsh", "activate.nu",
         "activate.bat", "activate.ps1")  # fmt: skip


class PathEntry(msgspec.Struct, array_like=True):
    """One path of a package (info/paths.json), with its link target from the archive."""

    path: str
    size: int
    placeholder: str | None = None
    mode: str | None = None
    target: str | None = None


class Manifest(msgspec.Struct):
    """Everything about an archive that create needs before it links."""

    format: int
    paths: list[PathEntry]
    entry_points: list[str]

    @property
    def shortest_binary_placeholder(self) -> int | None:
        """Bytes that fit into the shortest NUL-padded placeholder, None without any."""
        lengths = [
            len(os.fsencode(e.placeholder))
            for e in self.paths
            if e.placeholder and e.mode == "binary"
        ]
        return min(lengths, default=None)


def load(path: Path) -> Manifest | None:
    """The stored manifest beside an archive; None when there is none, or an unreadable one."""
    try:
        manifest = msgspec.msgpack.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None
    return manifest if manifest.format == _FORMAT else None


def save(path: Path, manifest: Manifest) -> None:
    """Keep the manifest beside its archive."""
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(msgspec.msgpack.encode(manifest))
    os.replace(partial, path)


async def inspect(package: LockedPackage, archive: Path) -> Manifest:
    """Read names, link targets and entry points from an archive.

    Raises:
        LinkError: the archive cannot be read, or holds what may not be linked.
    """
    from rattler.package_streaming import PackageArchive

    try:
        opened = await PackageArchive.from_path(archive)
        info = await opened.read_files(["info/paths.json", "info/link.json", "info/index.json"])
        targets = {}
        async for entry in opened.stream("pkg"):
            if entry.is_link or not entry.is_file:
                targets[entry.name] = entry.link_target if entry.is_symlink else None
            if entry.is_hardlink:
                raise _refused(package, entry.name, "is a hard link inside the archive")
            if _leaves(entry.name):
                raise _refused(package, entry.name, "leaves the environment")
    except LinkError:
        raise
    except Exception as error:
        # py-rattler raises plain OSError, ExtractError, PanicException here, by kind of damage.
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}",
            where=package.url,
            hint="the package is damaged in its channel; tell the channel's owner",
        ) from error
    raw = _decode(package, "info/paths.json", info["info/paths.json"] or b'{"paths": []}')
    link = _decode(package, "info/link.json", info["info/link.json"] or b"{}")
    _check_index(package, _decode(package, "info/index.json", info["info/index.json"] or b"{}"))
    manifest = Manifest(
        format=_FORMAT,
        paths=[
            PathEntry(
                str(item["_path"]),
                int(item.get("size_in_bytes") or 0),
                item.get("prefix_placeholder"),
                item.get("file_mode"),
                targets.get(item["_path"]),
            )
            for item in raw.get("paths", ())
        ],
        entry_points=[str(e) for e in (link.get("noarch") or {}).get("entry_points") or ()],
    )
    check_paths(package, manifest)
    return manifest


def _decode(package: LockedPackage, name: str, data: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise _refused(package, name, f"is no JSON object: {error}") from error


def _check_index(package: LockedPackage, index: dict[str, Any]) -> None:
    """An archive that calls itself something else than its record would be linked as that."""
    for key in ("name", "version", "build"):
        if key in index and str(index[key]) != str(package.record[key]):
            raise _refused(
                package, "info/index.json", f"says {key} {index[key]!r}, its record says otherwise"
            )


def check_paths(package: LockedPackage, manifest: Manifest) -> None:
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
        if len(parts) == 1 and top in _OURS:
            raise _refused(package, path, "would replace an activation script")
        if parts[:2] == ["etc", "sealenv"]:
            raise _refused(package, path, "would replace the data of an activation script")
        if entry.target is not None:
            _check_target(package, path, entry.target)
    for line in manifest.entry_points:
        command = line.partition("=")[0].strip()
        if (
            not command
            or any(c in command for c in "/\\:\0\n\r\"'`$;&|<>%!^*?")
            or command[0] in "-."
        ):
            raise _refused(package, line, "is no name for an entry point")


def _check_target(package: LockedPackage, path: str, target: str) -> None:
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
    flat = path.replace("\\", "/")
    return (
        flat.startswith("/")
        or flat[1:2] == ":"
        or ".." in flat.split("/")
        or any(ord(c) < 32 or c == "\x7f" for c in flat)
    )


def _refused(package: LockedPackage, path: str, why: str) -> LinkError:
    return LinkError(
        f"{package.dist} is refused: {path!r} {why}",
        where=package.url,
        hint="nothing of the package was linked; leave it out, or tell the channel's owner",
    )
