"""What a package archive contains: read once from verified bytes, and kept beside the archive."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import msgspec

from sealenv.system.files import write_atomic

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
    """Keep the modes of a package that was unpacked just now `beside` its archive."""
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
