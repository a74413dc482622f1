"""What a package record says, as far as anything here reads it (CEP 34)."""

from __future__ import annotations

import msgspec

__all__ = ["PathsData", "PrefixRecord", "RecordPath"]


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
