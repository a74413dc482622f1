"""The model of a package record, with the differences between conda, micromamba and py-rattler removed.

They write `conda-meta/*.json` differently (CEP 34, conda's `core/path_actions.py`, mamba's
`core/link.cpp`):

- conda records files of `noarch: python` packages by their path in the archive
  (`site-packages/six.py`, `python-scripts/tool`). `files` has the path in the prefix, which also
  follows from the record of Python.
- micromamba records the archive's size for a file into which the prefix was written, and no
  `prefix_placeholder`.
- conda before 4.4 writes no `paths_data`, only `files`. Later versions leave a file out of
  `paths_data` if its digest differs from the archive's.

Every reader of records calls `decode`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

__all__ = ["PathsData", "PrefixRecord", "RecordPath", "decode"]


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
        if record.noarch == "python":
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


def _place(record: PrefixRecord, folders: tuple[str, str] | None) -> None:
    """Replace the paths in the archive with those in the prefix."""
    archived = [e for e in record.paths_data.paths if e.path.startswith((_SITE, _SCRIPTS))]
    if not archived:
        return
    files = set(record.files)
    ends: dict[str, str] = {}
    for entry in archived:
        path = _placed(entry, folders)
        if path is None or (files and path not in files):
            # Linked for another Python, or no Python is recorded: only `files` has the path.
            ends = ends or {_end(file): file for file in record.files}
            path = ends.get(_end(entry.path), path)
        if path is not None:
            entry.written, entry.path = entry.path, path


def _add_unlisted(record: PrefixRecord) -> None:
    """Add the paths that only `files` has."""
    entries = record.paths_data.paths
    listed = {entry.path for entry in entries} | {entry.original_path for entry in entries}
    entries += [RecordPath(path, path_type="") for path in record.files if path not in listed]


def _placed(entry: RecordPath, folders: tuple[str, str] | None) -> str | None:
    if folders is None:
        return None
    site, scripts = folders
    if entry.path.startswith(_SITE):
        return site + entry.path[len(_SITE) :]
    return scripts + entry.path[len(_SCRIPTS) :]


def _end(path: str) -> str:
    """Return what the path in the archive and the path in the prefix have in common."""
    before, found, rest = path.partition(_SITE)
    if found and (not before or before.endswith("/")):
        return f"{_SITE}{rest}"
    for folder in (_SCRIPTS, "bin/", "Scripts/"):
        if path.startswith(folder):
            return f"{_SCRIPTS}{path[len(folder) :]}"
    return path


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
