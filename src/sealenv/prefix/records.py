"""Package records of a prefix: conda-meta/NAME-VERSION-BUILD.json of any conda tool.

conda, micromamba and py-rattler write them differently (CEP 34, conda's `core/path_actions.py`, mamba's
`core/link.cpp`):

- conda records files of `noarch: python` packages by their path in the archive
  (`site-packages/six.py`, `python-scripts/tool`). That in the prefix follows from the record of Python.
- micromamba records the archive's size for a file into which the prefix was written, and no
  `prefix_placeholder`.
- conda before 4.4 writes no `paths_data`, only `files`. Later versions leave a file out of
  `paths_data` if its digest differs from the archive's.

`decode` removes these differences.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealenv.errors import RecordError
from sealenv.layout import META, first_leaving
from sealenv.system.files import read_regular, write_atomic

if TYPE_CHECKING:
    from sealenv.locks import Lock

_SITE = "site-packages/"
_SCRIPTS = "python-scripts/"
_MINOR = re.compile(r"\d+\.\d+")


def decode(records: Sequence[PrefixRecord]) -> None:
    """Correct the paths and sizes in all records of one prefix.

    `RecordPath.written` keeps the original of a path that changes.
    """
    folders = _folders(records)
    for record in records:
        if not record.requested_specs and record.requested_spec not in (None, "", "None"):
            record.requested_specs = [str(record.requested_spec)]
        if record.noarch == "python" and folders:
            _place(record, folders)
        _add_unlisted(record)
        for entry in record.paths_data.paths:
            if entry.sha256_in_prefix and entry.sha256_in_prefix != entry.sha256:
                entry.size_in_bytes = None  # micromamba writes the archive's size


def _folders(records: Sequence[PrefixRecord]) -> tuple[str, str] | None:
    """Return the folders of Python's packages and programs, with a final `/`; None without Python."""
    python = next((record for record in records if record.name == "python"), None)
    if python is None:
        return None
    windows = python.subdir.startswith("win-")
    site = python.python_site_packages_path
    if not site:
        minor = _MINOR.match(python.version)
        site = f"lib/python{minor[0] if minor else python.version}/site-packages"
        site = "Lib/site-packages" if windows else site
    return f"{site.strip('/')}/", "Scripts/" if windows else "bin/"


def _place(record: PrefixRecord, folders: tuple[str, str]) -> None:
    """Replace the paths in the archive with those in the prefix."""
    for entry in record.paths_data.paths:
        for archived, folder in zip((_SITE, _SCRIPTS), folders, strict=True):
            if entry.path.startswith(archived):
                entry.written, entry.path = entry.path, folder + entry.path[len(archived) :]


def _add_unlisted(record: PrefixRecord) -> None:
    """Add the paths that only `files` has."""
    entries = record.paths_data.paths
    listed = {entry.path for entry in entries} | {entry.original_path for entry in entries}
    entries += [RecordPath(path, path_type="") for path in record.files if path not in listed]


class RecordPath(msgspec.Struct, rename={"path": "_path"}, omit_defaults=True, gc=False):
    """One linked path, with its digests before and after the prefix was written into it."""

    path: str
    path_type: str = "hardlink"
    """Empty if the record has none (conda before 4.4)."""
    sha256: str | None = None
    sha256_in_prefix: str | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None
    file_mode: str | None = None
    original_path: str | None = None
    """The path in the package, if another package's file is there: py-rattler moves this one aside."""
    written: str | None = None
    """The path in the record, if `decode` replaced it."""


class PathsData(msgspec.Struct):
    """The list of linked paths."""

    paths: list[RecordPath] = []


class PrefixRecord(msgspec.Struct):
    """The keys of a record that sealenv reads."""

    name: str
    version: str
    build: str
    url: str = ""
    channel: str = ""
    fn: str = ""
    subdir: str = ""
    sha256: str | None = None
    md5: Any = None
    license: Any = None
    noarch: str | None = None
    depends: list[str] = []
    paths_data: PathsData = msgspec.field(default_factory=PathsData)
    python_site_packages_path: str | None = None
    requested_spec: str | None = None
    requested_specs: list[str] = []
    files: list[str] = []

    @property
    def dist(self) -> str:
        """name-version-build."""
        return f"{self.name}-{self.version}-{self.build}"


_decoder = msgspec.json.Decoder(PrefixRecord)


def read_records(prefix: Path) -> list[PrefixRecord]:
    """Return every record of the prefix, by name.

    Raises:
        RecordError: some cannot be read; the details list all of them.
    """
    records, problems = scan_records(prefix)
    if problems:
        raise RecordError(
            f"{len(problems)} package record{'s' * (len(problems) > 1)} cannot be read",
            where=str(prefix / META),
            details=problems,
            hint="conda and mamba refuse the environment too; create it again with sealenv create",
        )
    return records


def scan_records(prefix: Path) -> tuple[list[PrefixRecord], list[str]]:
    """Return every readable record, and one line for each of the others."""
    found, problems = [], []
    for path in sorted((prefix / META).glob("*.json")):
        try:
            found.append((path.name, _read(read_regular(path))))
        except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.append(f"{path.name}: {getattr(error, 'strerror', None) or error}")
    decode([record for _, record in found])
    records = []
    for name, record in found:
        if outside := _outside(record.dist, record.paths_data.paths):
            problems.append(f"{name}: it names a path outside the environment: {outside!r}")
        else:
            records.append(record)
    return records, problems


def _read(content: bytes) -> PrefixRecord:
    """Parse one record; older writers have null fields and other types.

    Raises:
        msgspec.DecodeError, UnicodeDecodeError, RecursionError: it is not a record.
    """
    try:
        return _decoder.decode(content)
    except msgspec.ValidationError:
        raw = msgspec.json.decode(content, type=dict[str, Any])
        known = {key: value for key, value in raw.items() if value is not None}
        if isinstance(known.get("noarch"), bool):
            known["noarch"] = "generic" if known["noarch"] else ""
        return msgspec.convert(known, PrefixRecord)


def outside_of(raw: dict[str, Any]) -> str | None:
    """Return the first path in a record that leads out of the prefix, if any."""
    dist = "-".join(str(raw.get(key)) for key in ("name", "version", "build"))
    try:
        paths = msgspec.convert(raw.get("paths_data") or {}, PathsData).paths
    except msgspec.ValidationError:
        paths = []
    return _outside(dist, paths)


def _outside(dist: str, entries: Iterable[RecordPath]) -> str | None:
    """Return the first path that leads out: records decide what is written, moved and deleted."""
    if "/" in dist or "\\" in dist:
        return dist
    paths = []
    for entry in entries:
        if entry.original_path is not None:
            if "\\" in entry.original_path:
                # py-rattler on Windows writes what it moved aside with backslashes.
                entry.path = entry.path.replace("\\", "/")
                entry.original_path = entry.original_path.replace("\\", "/")
            paths.append(entry.original_path)
        paths.append(entry.path)
    return first_leaving(paths)


def finish(prefix: Path, lock: Lock, requested: Iterable[str], view: Path) -> None:
    """Complete the engine's records, so that they equal conda's.

    py-rattler 0.28 writes them with mode 0600, entry points with mode 0775, our cache as the package's
    URL, and no requested specs. CEP 32 requires the channel's URL and paths below `pkgs`.

    Args:
        prefix: the prefix.
        lock: the linked packages.
        requested: the requested MatchSpecs.
        view: the package cache of the conda inside.

    Raises:
        RecordError: a record is missing or cannot be read.
    """
    from sealenv.spec.matchspec import package_name  # only `create` needs it

    mode = 0o777 & ~_umask()
    wanted: dict[str, list[str]] = {}
    for spec in requested:
        wanted.setdefault(package_name(spec), []).append(spec)
    for package in lock.packages:
        record = read_raw(prefix, package.dist)
        stem = package.fn.removesuffix(".conda").removesuffix(".tar.bz2")
        record |= {
            "url": package.url,
            "channel": package.channel,
            "fn": package.fn,
            "package_tarball_full_path": str(view / package.fn),
            "extracted_package_dir": str(view / stem),
            "requested_specs": wanted.get(package.name, []),
        }
        for key, value in package.record.items():
            record.setdefault(key, value)
        if isinstance(record.get("link"), dict):
            record["link"]["source"] = str(view / stem)
        _fix_paths(prefix, record, mode)
        if package.name in wanted:
            record["requested_spec"] = wanted[package.name][0]  # what conda < 4.4 and mamba read
        write_raw(prefix, package.dist, record)


def _fix_paths(prefix: Path, record: dict[str, Any], mode: int) -> None:
    """Give entry points the umask's mode, and remove digests of links.

    py-rattler 0.28 writes the digest of a link's own text, but `conda doctor` reads the link's target
    and would report `bin/python` as altered.
    """
    for entry in record.get("paths_data", {}).get("paths", ()):
        if entry.get("path_type") == "softlink":
            entry.pop("sha256_in_prefix", None)
        elif entry.get("path_type") == "unix_python_entry_point":
            (prefix / entry["_path"]).chmod(mode)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def add_pyc(prefix: Path, lock: Lock, compiled: Mapping[str, list[str]]) -> None:
    """Add our compiled .pyc files to the records, as conda does, so that conda can remove them."""
    for package in lock.packages:
        paths = compiled.get(package.name)
        if not paths:
            continue
        record = read_raw(prefix, package.dist)
        record["files"] = sorted({*record.get("files", ()), *paths})
        record["paths_data"]["paths"] += [
            {"_path": p, "path_type": "pyc_file"} for p in sorted(paths)
        ]
        write_raw(prefix, package.dist, record)


def read_raw(prefix: Path, dist: str) -> dict[str, Any]:
    """Return the whole record of a package, by name-version-build.

    Raises:
        RecordError: it is missing or cannot be read.
    """
    path = prefix / META / f"{dist}.json"
    try:
        return msgspec.json.decode(read_regular(path), type=dict[str, Any])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(
            f"a package record cannot be read: {getattr(error, 'strerror', None) or error}",
            where=str(path),
            hint="sealenv verify shows details; create the environment again",
        ) from error


def write_raw(prefix: Path, dist: str, record: dict[str, Any]) -> None:
    """Replace a record."""
    data = msgspec.json.format(msgspec.json.encode(record), indent=2)
    write_atomic(prefix / META / f"{dist}.json", data)
