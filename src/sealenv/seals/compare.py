"""A prefix as it is, beside how it was sealed and what its records promise."""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sealenv.layout import META
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.seals.distributions import Distribution, DistributionFile, find_distributions
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import FILE, FOLDER, LINK, Row, Snapshot, native

__all__ = ["Claim", "Comparison"]


class Claim(NamedTuple):
    """A package's promise about one path."""

    record: PrefixRecord
    entry: RecordPath

    @property
    def package(self) -> str:
        """Its name."""
        return self.record.name


@dataclass
class Comparison:
    """A snapshot, the seal and the package records of one prefix.

    Attributes:
        prefix: the prefix.
        platform: its subdir.
        seal: None where there is none, or it cannot be used.
        sealed: the rows of the file table; None without one.
        rows: the snapshot, with digests as far as they are known.
        records: the package records.
        claims: path -> the packages that promise it.
        contested: paths that several packages ship.
    """

    prefix: Path
    platform: str
    seal: Seal | None
    sealed: Mapping[str, Row] | None
    rows: Snapshot
    records: list[PrefixRecord]
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    contested: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for record in self.records:
            for entry in record.paths_data.paths:
                path = self._spelled(entry.path)
                if path in self.claims:
                    self.claims[path].append(Claim(record, entry))
                    self.contested.add(path)
                else:
                    self.claims[path] = [Claim(record, entry)]
                if entry.original_path is not None:
                    self.contested.add(path)

    @functools.cached_property
    def distributions(self) -> list[Distribution]:
        """Distributions of pip; not those of a package whose record is gone."""
        if self.sealed is None or self.seal is None:
            return find_distributions(self.prefix, self.rows, self.claims.__contains__)
        ours = {note.record for note in self.seal.pip}
        claims, sealed = self.claims, self.sealed
        return find_distributions(
            self.prefix, self.rows, lambda p: p in claims or (p in sealed and p not in ours)
        )

    @functools.cached_property
    def of_distributions(self) -> dict[str, tuple[Distribution, DistributionFile]]:
        """Path -> the distribution whose RECORD names it; no path of a package."""
        return {
            item.path: (distribution, item)
            for distribution in self.distributions
            for item in distribution.files
            if item.path not in self.claims
        }

    @functools.cached_property
    def edited(self) -> set[str]:
        """RECORDs that were edited: all that they name has the sealed bytes.

        pip did not do that: it writes new files, or notes how it was asked for them.
        """
        if self.sealed is None or self.seal is None:
            return set()
        notes = {note.record: note.sha256 for note in self.seal.pip}
        return {
            found.record
            for found in self.distributions
            if (row := self.rows.get(found.record)) and found.record in notes
            if row.digest.hex() not in ("", notes[found.record])
            if all(
                item.path == found.record
                or item.path.endswith((".pyc", ".pyo"))
                or self._is_as_sealed(item.path)
                or not (
                    item.path in self.rows or item.path in self.sealed
                )  # no file that was ever known
                for item in found.files
            )
        }

    @functools.cached_property
    def rewritten(self) -> set[str]:
        """Names of packages whose record is not the sealed one."""
        if self.sealed is None:
            return set()
        return {
            record.name
            for record in self.records
            if not self._is_as_sealed(f"{META}/{record.dist}.json")
        }

    @functools.cached_property
    def unsteady(self) -> list[str]:
        """Files and links that are not `steady`, and folders that cannot be read."""
        return [
            path
            for path, row in self.rows.items()
            if path not in self.steady and (row.kind != FOLDER or row.problem)
        ]

    @functools.cached_property
    def steady(self) -> set[str]:
        """Files with the sealed bytes and mode, and folders with the sealed mode: nearly everything.

        No file of a package that was replaced since.
        """
        then = self.sealed or {}
        found = {
            path for path, row in self.rows.items() if path in then and _is_steady(row, then[path])
        }
        if self.rewritten:
            for path, claims in self.claims.items():
                if any(claim.package in self.rewritten for claim in claims):
                    found.discard(path)
        return found

    def as_sealed(self, path: str) -> Row | None:
        """Return the sealed row of a path, unless its package was replaced since."""
        if self.sealed is None:
            return None
        if self.rewritten and any(c.package in self.rewritten for c in self.claims.get(path, ())):
            return None
        return self.sealed.get(path)

    def was_absent(self, path: str) -> bool:
        """Tell whether a path of a package that is still the same was missing when it was sealed too."""
        if self.sealed is None:
            return False
        found = self.of_distributions.get(path)
        if found and not self._is_as_sealed(found[0].record):
            return False
        if any(c.package in self.rewritten for c in self.claims.get(path, ())):
            return False
        return _spelling(path, self.sealed, self._sealed_folded) not in self.sealed

    def _spelled(self, path: str) -> str:
        """Spell a record's path as the disk does: Windows takes upper and lower case for the same."""
        return _spelling(path, self.rows, self._folded)

    @functools.cached_property
    def _folded(self) -> dict[str, str]:
        return _fold(self.rows)

    @functools.cached_property
    def _sealed_folded(self) -> dict[str, str]:
        return _fold(self.sealed or {})

    def owner(self, path: str) -> str | None:
        """Return the packages or the distribution that a path belongs to."""
        if claims := self.claims.get(path):
            return ", ".join(claim.package for claim in claims)
        found = self.of_distributions.get(path)
        return found[0].name if found else None

    def leads_to(self, path: str, *, then: bool = False) -> str | None:
        """Return where a link ends inside the prefix; None if nowhere, `..` if outside.

        Args:
            path: of a link.
            then: among the sealed paths (with the links as they are now).
        """
        rows = self.sealed if then and self.sealed is not None else self.rows
        for _ in range(40):
            row = rows.get(path)
            if row is None:
                inside = self._through(path)
                if inside is None:
                    return None
                path = inside
            elif row.kind != LINK:
                return path
            else:
                path = posixpath.normpath(posixpath.join(posixpath.dirname(path), self.text(path)))
            if path == ".." or path.startswith(("../", "/")):
                return ".."
            if path == ".":
                return "."
        return None

    def text(self, path: str) -> str:
        """Return the text of a link, with `/`; an absolute one that leads inside as a relative one."""
        try:
            raw = os.readlink(os.fsdecode(native(self.prefix, path)))
        except OSError:
            return ""  # it is gone, or cannot be read: another finding
        text = os.fsencode(raw).decode("utf-8", "surrogateescape").replace("\\", "/")
        for place in (os.fspath(self.prefix), os.path.realpath(self.prefix)):
            if text.startswith(f"{place}/"):
                return posixpath.relpath(
                    text[len(place) + 1 :] or ".", posixpath.dirname(path) or "."
                )
        return text

    def _through(self, path: str) -> str | None:
        """Return the path without the first link among its parents; None if there is none."""
        parts = path.split("/")
        for end in range(1, len(parts)):
            parent = "/".join(parts[:end])
            row = self.rows.get(parent)
            if row is not None and row.kind == LINK:
                real = posixpath.join(posixpath.dirname(parent), self.text(parent))
                return posixpath.normpath(posixpath.join(real, *parts[end:]))
        return None

    def _is_as_sealed(self, path: str) -> bool:
        assert self.sealed is not None
        now, then = self.rows.get(path), self.sealed.get(path)
        return now is not None and then is not None and now.digest == then.digest


def _is_steady(row: Row, then: Row) -> bool:
    if row.kind == FOLDER or row.problem:
        return row.kind == then.kind and row.mode == then.mode and not row.problem
    return (
        row.kind == then.kind == FILE and row.mode == then.mode and row.digest == then.digest != b""
    )


def _fold(rows: Mapping[str, Row]) -> dict[str, str]:
    return {path.casefold(): path for path in rows} if os.name == "nt" else {}


def _spelling(path: str, rows: Mapping[str, Row], folded: Mapping[str, str]) -> str:
    return path if not folded or path in rows else folded.get(path.casefold(), path)
