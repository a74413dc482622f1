"""The packages and distributions that own the files of an environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from sealenv.layout import META
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.relocation.edits import Hints
from sealenv.relocation.journal import Rewritten
from sealenv.seals.check_compiled import source_of
from sealenv.seals.distributions import Distribution, find_distributions
from sealenv.seals.snapshot import Row

__all__ = ["SHIPPED", "Owner", "Owners", "record_path"]

SHIPPED = "its package ships it with these bytes: they do not mean this environment"
"""Why `move` leaves a file: see `Owners.is_shipped`."""


@dataclass(frozen=True)
class Owner:
    """The owner of one file.

    Attributes:
        name: a package or a distribution; None if the file has no owner.
        path_type: its type in the package record (CEP 34).
        placeholder: what the record says was replaced in it.
    """

    name: str | None = None
    path_type: str = ""
    placeholder: str | None = None


class Owners:
    """The owners of all files of an environment.

    Args:
        prefix: the environment.
        rows: its snapshot.
        records: its package records.
    """

    def __init__(
        self, prefix: Path, rows: Mapping[str, Row], records: Sequence[PrefixRecord]
    ) -> None:
        self._prefix, self._rows = prefix, rows
        self._entries: dict[str, list[tuple[PrefixRecord, RecordPath]]] = {}
        self._records = {record_path(record): record.name for record in records}
        for record in records:
            for entry in record.paths_data.paths:
                self._entries.setdefault(entry.path, []).append((record, entry))

    @cached_property
    def distributions(self) -> dict[str, Distribution]:
        """The distributions that pip installed, by the path of their RECORD."""
        found = find_distributions(self._prefix, self._rows, self._entries.__contains__)
        return {distribution.record: distribution for distribution in found}

    @cached_property
    def _files(self) -> dict[str, dict[str, None]]:
        return {
            d.record: dict.fromkeys(i.path for i in d.files) for d in self.distributions.values()
        }

    def of(self, path: str) -> Owner:
        """Return the owner of a file; compiled Python belongs to the owner of its source."""
        entries = self._entries.get(path)
        if entries:
            record, entry = next((e for e in entries if e[1].prefix_placeholder), entries[0])
            return Owner(record.name, entry.path_type, entry.prefix_placeholder)
        name = self._records.get(path) or self.distribution(path)
        source = source_of(path)
        if name is None and source:
            name = self.of(source).name
        return Owner(name)

    def distribution(self, path: str) -> str | None:
        """Return the name of the distribution whose RECORD lists a file."""
        found = (
            self.distributions[record].name
            for record, files in self._files.items()
            if path in files
        )
        return next(found, None)

    def hints(self, path: str) -> Hints:
        """Return what the packages say about a file that a path was written into."""
        entries = [entry for _, entry in self._entries.get(path, ()) if entry.prefix_placeholder]
        if not entries:
            return Hints()
        room = min(len(_raw(entry.prefix_placeholder or "")) for entry in entries)
        return Hints(entries[0].file_mode, room)

    def is_shipped(self, path: str, digest: bytes) -> bool:
        """Tell whether a package ships bytes with that sha256, without a path written into them.

        They are the same in every environment: a path in them is not the path of this one.
        """
        return any(
            entry.path_type == "hardlink"
            and entry.prefix_placeholder is None
            and entry.sha256 == digest.hex()
            for _, entry in self._entries.get(path, ())
        )

    def lists_changed(self, record: str, changes: Mapping[str, Rewritten]) -> bool:
        """Tell whether a RECORD lists a file that was changed."""
        return not changes.keys().isdisjoint(self._files[record])

    def changed_of(self, record: str, changes: Mapping[str, Rewritten]) -> dict[str, Rewritten]:
        """Return the changed files that a package record lists, by the spelling in the record."""
        return {
            entry.written or path: change
            for path, change in changes.items()
            for owner, entry in self._entries.get(path, ())
            if record_path(owner) == record
        }


def record_path(record: PrefixRecord) -> str:
    """Return the relative path of a package record."""
    return f"{META}/{record.dist}.json"


def _raw(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
