"""What writers of package records mean: each path as it lies in the prefix, each size that of the file.

conda, micromamba and py-rattler write `conda-meta/*.json` differently (CEP 34, and conda's
`core/path_actions.py`, mamba's `core/link.cpp`):

- conda records files of `noarch: python` packages as they are in the archive (`site-packages/six.py`,
  `python-scripts/tool`). Where they lie is in `files`, and follows from the record of Python.
- micromamba gives a file into which the prefix was written the size of the file in the archive, and no
  `prefix_placeholder`.
- conda before 4.4 has no `paths_data`, only `files`. A later one leaves a file out of `paths_data` whose
  digest was not as promised.

Every reader of records goes through `decode`.
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
    """Give the paths of all records of one prefix the places and facts that their writers mean.

    A path that changes keeps the writer's spelling in `RecordPath.written`.
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
                entry.size_in_bytes = None  # micromamba's is that of the file in the archive


def _folders(records: Sequence[PrefixRecord]) -> tuple[str, str] | None:
    """The folders of Python's packages and programs, with `/` at the end; None without a Python."""
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
    """Replace the paths of the archive by those in the prefix."""
    archived = [e for e in record.paths_data.paths if e.path.startswith((_SITE, _SCRIPTS))]
    if not archived:
        return
    files = set(record.files)
    ends: dict[str, str] = {}
    for entry in archived:
        path = _placed(entry, folders)
        if path is None or (files and path not in files):
            # Linked for another Python, or no Python is recorded: `files` alone knows the place.
            ends = ends or {_end(file): file for file in record.files}
            path = ends.get(_end(entry.path), path)
        if path is not None:
            entry.written, entry.path = entry.path, path


def _add_unlisted(record: PrefixRecord) -> None:
    """Add the paths that `files` alone has: conda leaves a file out whose digest was not as promised."""
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
    """What a path of the archive and its place in the prefix have in common."""
    before, found, rest = path.partition(_SITE)
    if found and (not before or before.endswith("/")):
        return f"{_SITE}{rest}"
    for folder in (_SCRIPTS, "bin/", "Scripts/"):
        if path.startswith(folder):
            return f"{_SCRIPTS}{path[len(folder) :]}"
    return path


class RecordPath(msgspec.Struct, rename={"path": "_path"}, omit_defaults=True, gc=False):
    """One linked path, with the digests before and after the prefix was written into it."""

    path: str
    path_type: str = "hardlink"
    """Empty where the record does not say it (conda before 4.4)."""
    sha256: str | None = None
    sha256_in_prefix: str | None = None
    size_in_bytes: int | None = None
    prefix_placeholder: str | None = None
    file_mode: str | None = None
    original_path: str | None = None
    """Where it would be, if another package had not won that path: py-rattler keeps it aside."""
    written: str | None = None
    """The writer's spelling of the path, where that differs: see `decoding`."""


class PathsData(msgspec.Struct):
    """The list of linked paths."""

    paths: list[RecordPath] = []


class PrefixRecord(msgspec.Struct):
    """What verify, list and info need of a record; other keys are left alone."""

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
