"""What packages and distributions say of the files of an environment."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.layout import META
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.relocation.classify import SHIPPED
from sealenv.relocation.digests import Rewritten
from sealenv.relocation.edits import Hints
from sealenv.seals.distributions import Distribution, find_distributions
from sealenv.seals.snapshot import Row

__all__ = ["SHIPPED", "Owners"]


class Owners:
    """The packages and distributions of an environment, by path.

    Args:
        prefix: where it lies.
        rows: every path of it.
        records: of packages.
    """

    def __init__(
        self,
        prefix: Path,
        rows: Mapping[str, Row],
        records: list[PrefixRecord],
    ) -> None:
        self.entries: dict[str, list[RecordPath]] = {}
        self._packages: dict[str, set[str]] = {}
        for record in records:
            name = f"{META}/{record.dist}.json"
            for entry in record.paths_data.paths:
                self.entries.setdefault(entry.path, []).append(entry)
                self._packages.setdefault(entry.path, set()).add(name)
        self.distributions: list[Distribution] = find_distributions(
            prefix, rows, self.entries.__contains__
        )
        self.wheel_records = {d.record for d in self.distributions}
        self._of_wheel = {d.record: {item.path for item in d.files} for d in self.distributions}

    def hints(self, path: str) -> Hints:
        """What a package says of a file that a path was written into."""
        entries = [e for e in self.entries.get(path, ()) if e.prefix_placeholder]
        if not entries:
            return Hints()
        room = min(len((e.prefix_placeholder or "").encode()) for e in entries)
        return Hints(entries[0].file_mode, room)

    def is_shipped(self, path: str, digest: bytes) -> bool:
        """Whether bytes with that sha256 are those of a package into which no path was written.

        They are the same in every environment: what they hold is not the path of this one.
        """
        return digest.hex() in self._shipped(path)

    def distribution(self, path: str) -> str | None:
        """The name of the distribution whose RECORD names a file."""
        found = (d.name for d in self.distributions if path in self._of_wheel[d.record])
        return next(found, None)

    def _shipped(self, path: str) -> list[str]:
        return [
            e.sha256
            for e in self.entries.get(path, ())
            if e.path_type == "hardlink" and e.prefix_placeholder is None and e.sha256
        ]

    def vouches(self, record: str, changes: Mapping[str, Rewritten]) -> bool:
        """Whether a RECORD names a file that was changed."""
        return not changes.keys().isdisjoint(self._of_wheel[record])

    def of_package(self, record: str, changes: Mapping[str, Rewritten]) -> dict[str, Rewritten]:
        """The changes of that package's files, by the path that the record has for each."""
        found: dict[str, Rewritten] = {}
        for path, change in changes.items():
            if record in self._packages.get(path, ()):
                found |= {entry.written or path: change for entry in self.entries[path]}
        return found
