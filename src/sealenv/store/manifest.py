"""Keep what a package archive contains: read once from verified bytes, kept beside the archive.

`check_identity` runs at each fetch: the archive may have come for another record, and a lock
is not trusted.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import LinkError
from sealenv.locks import LockedPackage, LockedWheel
from sealenv.system.files import write_atomic

__all__ = [
    "FORMAT",
    "HEADERS",
    "ListedPath",
    "Listing",
    "Manifest",
    "PathEntry",
    "check_identity",
    "has_its_modes",
    "identity_of",
    "is_unpacked",
    "load",
    "note_modes",
    "save",
]


FORMAT = 4
HEADERS = "python-headers"
"""Where the headers of a wheel are in its manifest; everything else is as in a noarch package."""
METADATA = (
    "info/paths.json",
    "info/link.json",
    "info/index.json",
    "info/files",
    "info/has_prefix",
)


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
    metadata: dict[str, str]
    """sha256 of those files in info/ that decide what is linked where."""

    identity: dict[str, str] = {}
    """What the archive calls itself: name, version; of a package of conda's build and noarch too."""

    @property
    def dist_info(self) -> str:
        """Return the name of the .dist-info folder of a wheel."""
        return self.metadata["dist-info"]

    @property
    def shortest_binary_placeholder(self) -> int | None:
        """Return the bytes that fit into the shortest NUL-padded placeholder; None without any."""
        lengths = [
            len(os.fsencode(e.placeholder))
            for e in self.paths
            if e.placeholder and e.mode == "binary"
        ]
        return min(lengths, default=None)


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


def load(path: Path) -> Manifest | None:
    """Read the manifest beside an archive; None if it is missing or unreadable."""
    try:
        manifest = msgspec.msgpack.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.DecodeError):
        return None
    return manifest if manifest.format == FORMAT else None


def save(path: Path, manifest: Manifest) -> None:
    """Write the manifest beside its archive."""
    write_atomic(path, msgspec.msgpack.encode(manifest))


def is_unpacked(manifest: Manifest, folder: Path) -> bool:
    """Return whether an unpacked package has the metadata of its archive, which py-rattler trusts."""
    for name in METADATA:
        try:
            actual = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except FileNotFoundError:
            actual = None
        except OSError:
            return False
        if actual != manifest.metadata.get(name):
            return False
    return True


_MODES = "modes"


def note_modes(beside: Path, manifest: Manifest, folder: Path) -> None:
    """Keep the modes of a package that was unpacked just now.

    Args:
        beside: the folder of its archive.
        manifest: the contents of the archive.
        folder: the unpacked package.

    Raises:
        OSError: as the operating system says.
    """
    if os.name != "nt":
        write_atomic(beside / _MODES, _modes(manifest, folder))


def has_its_modes(beside: Path, manifest: Manifest, folder: Path) -> bool:
    """Return whether every file of an unpacked package has the mode that it was unpacked with.

    Always True on Windows, where files have none. False if nothing is noted.
    """
    if os.name == "nt":
        return True
    try:
        return (beside / _MODES).read_bytes() == _modes(manifest, folder)
    except OSError:
        return False


def _modes(manifest: Manifest, folder: Path) -> bytes:
    """Return the mode of every path in the order of the manifest; that of a link says nothing."""
    root = os.path.join(folder, "")
    modes = (os.lstat(root + entry.path).st_mode for entry in manifest.paths)
    return b" ".join(b"%o" % stat.S_IMODE(m) if stat.S_ISREG(m) else b"-" for m in modes)


def identity_of(index: Mapping[str, Any]) -> dict[str, str]:
    """Return what an info/index.json says of name, version, build and noarch."""
    names = ("name", "version", "build", "noarch")
    return {name: str(index[name]) for name in names if index.get(name) is not None}


def check_identity(archive: LockedPackage | LockedWheel, identity: Mapping[str, str]) -> None:
    """Compare what an archive calls itself with what it was fetched for.

    Args:
        archive: the requested one.
        identity: what the archive says: `Manifest.identity`.

    Raises:
        LinkError: it would be linked as something else than it is.
    """
    if isinstance(archive, LockedWheel):
        # The engine imports this file at its start, and most locks have no wheels.
        from packaging.utils import canonicalize_name, canonicalize_version

        if canonicalize_name(identity["name"]) != archive.name:
            raise _another(archive, "name", identity["name"], archive.name)
        if canonicalize_version(identity["version"]) != canonicalize_version(archive.version):
            raise _another(archive, "version", identity["version"], archive.version)
        return
    for key in ("name", "version", "build"):
        if key in identity and identity[key] != str(archive.record[key]):
            raise _another(archive, key, identity[key], str(archive.record[key]))
    if "build_number" not in archive.record:
        return  # read from a list of files: the rest is taken from this very index
    if (identity.get("noarch") == "python") != archive.is_noarch_python:
        said = str(archive.record.get("noarch"))
        raise _another(archive, "noarch", identity.get("noarch", "None"), said)


def _another(
    archive: LockedPackage | LockedWheel, key: str, found: str, promised: str
) -> LinkError:
    return LinkError(
        f"{archive.fn} holds another package: its {key} is {found!r}",
        where=archive.url,
        details=[f"the lock or the index of its channel says {promised!r}"],
        hint="nothing of it was linked; update the lock, or tell the owner of the channel or index",
    )
