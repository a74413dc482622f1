"""Look into a wheel before it is installed, and refuse a hostile or damaged one (PEP 427).

The manifest says where its files will be, in the words of noarch conda packages: `site-packages/`,
`python-scripts/`, and also `python-headers/`.
"""

from __future__ import annotations

import configparser
import contextlib
import hashlib
import stat
import zipfile
from collections.abc import Iterator
from email.parser import HeaderParser
from pathlib import Path

from packaging.utils import canonicalize_name

from sealenv.errors import LinkError
from sealenv.layout import leaves
from sealenv.locks import LockedWheel
from sealenv.store.archives import FORMAT, HEADERS, Manifest, PathEntry
from sealenv.store.inspect_package import check_identity, check_paths, refused

_PLACES = {
    "purelib": "site-packages/",
    "platlib": "site-packages/",
    "scripts": "python-scripts/",
    "headers": f"{HEADERS}/",
    "data": "",
}
_GENERATED = ("INSTALLER", "REQUESTED")
"""What pip adds to the .dist-info; never in a wheel."""
_MOST_RATIO = 200
_MOST_BYTES = 256 << 20
_MOST_METADATA = 16 << 20


def inspect_wheel(wheel: LockedWheel, path: Path) -> Manifest:
    """Read names and entry points from a verified wheel.

    Raises:
        LinkError: it cannot be read, does not match its name, or contains forbidden files.
    """
    with _opened(wheel, path) as archive:
        members = _members(wheel, archive, path.stat().st_size)
        folder = _find_dist_info(wheel, members)
        for name in ("METADATA", "WHEEL", "RECORD"):
            if f"{folder}/{name}" not in members:
                raise refused(wheel, f"{folder}/{name}", "is missing")
        metadata = _read(wheel, archive, f"{folder}/METADATA")
        points = f"{folder}/entry_points.txt"
        scripts = _read(wheel, archive, points) if points in members else ""
    headers = HeaderParser().parsestr(metadata)
    identity = {"name": str(headers["Name"]), "version": str(headers["Version"])}
    check_identity(wheel, identity)
    paths = [PathEntry(_place(wheel, name, folder), size) for name, size in members.items()]
    paths += [PathEntry(f"site-packages/{folder}/{name}", 0) for name in _GENERATED]
    digest = hashlib.sha256(metadata.encode()).hexdigest()
    manifest = Manifest(
        format=FORMAT,
        paths=paths,
        entry_points=_entry_points(wheel, scripts),
        metadata={"dist-info": folder, "METADATA": digest},
        identity=identity,
    )
    check_paths(wheel, manifest)
    return manifest


@contextlib.contextmanager
def _opened(wheel: LockedWheel, path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise LinkError(
            f"{wheel.fn} cannot be read: {error}",
            where=wheel.url,
            hint="the wheel is damaged in its index; tell its owner",
        ) from error


def _members(wheel: LockedWheel, archive: zipfile.ZipFile, size: int) -> dict[str, int]:
    """Every file by name; refuses what no wheel needs and an attacker could use."""
    found: dict[str, int] = {}
    room = max(_MOST_BYTES, size * _MOST_RATIO)
    for info in archive.infolist():
        name = info.orig_filename
        odd = name != info.filename or ":" in name or "\\" in name or any(ord(c) < 32 for c in name)
        if odd or leaves(name.rstrip("/")):
            raise refused(wheel, name, "is not a path inside an environment")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise refused(wheel, name, "is a link or a device")
        if info.flag_bits & 1:
            raise refused(wheel, name, "is encrypted")
        room -= info.file_size
        if room < 0:
            raise refused(wheel, name, f"unpacks to far more than {size} bytes may")
        if info.is_dir():
            continue
        if name in found:
            raise refused(wheel, name, "is in the wheel twice")
        found[name] = info.file_size
    return found


def _find_dist_info(wheel: LockedWheel, members: dict[str, int]) -> str:
    folders = sorted(
        {top for top in (n.partition("/")[0] for n in members) if top.endswith(".dist-info")}
    )
    if len(folders) != 1:
        raise refused(wheel, ", ".join(folders) or ".dist-info", "is not there once")
    name = folders[0].removesuffix(".dist-info").partition("-")[0]
    if canonicalize_name(name) != wheel.name:
        raise refused(wheel, folders[0], f"is not that of {wheel.name}")
    return folders[0]


def _read(wheel: LockedWheel, archive: zipfile.ZipFile, name: str) -> str:
    if archive.getinfo(name).file_size > _MOST_METADATA:
        raise refused(wheel, name, "is too large for metadata")
    return archive.read(name).decode("utf-8", "replace")


def _place(wheel: LockedWheel, name: str, folder: str) -> str:
    """Where a file of the wheel goes (PEP 427, The .data directory)."""
    root, _, rest = name.partition("/")
    if root != folder.removesuffix(".dist-info") + ".data":
        return f"site-packages/{name}"
    kind, _, inner = rest.partition("/")
    if kind not in _PLACES or not inner:
        raise refused(wheel, name, "is of a kind that no wheel may have")
    return _PLACES[kind] + inner


def _entry_points(wheel: LockedWheel, text: str) -> list[str]:
    """`name = module:function` of console and gui scripts, as pip makes programs of them."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text)
    except configparser.Error as error:
        reason = str(error).splitlines()[0]
        raise refused(wheel, "entry_points.txt", f"cannot be read: {reason}") from error
    return [
        f"{name.strip()} = {target.strip()}"
        for section in ("console_scripts", "gui_scripts")
        if parser.has_section(section)
        for name, target in parser.items(section)
    ]
