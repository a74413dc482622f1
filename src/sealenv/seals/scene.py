"""Everything that verify compares, read once: the prefix as it is, and as it was sealed."""

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
from sealenv.seals.path import FILE, FOLDER, LINK, native
from sealenv.seals.row import Row
from sealenv.seals.seal import Seal
from sealenv.seals.spelling import Spelling

__all__ = ["Claim", "Scene"]


class Claim(NamedTuple):
    """One package's promise about one path."""

    record: PrefixRecord
    entry: RecordPath

    @property
    def package(self) -> str:
        """The package's name."""
        return self.record.name


@dataclass
class Scene:
    """A prefix in front of its judges.

    Attributes:
        prefix: where.
        platform: its subdir.
        seal: None where there is none, or it cannot be used.
        sealed: the rows of the file table; None without one.
        rows: what lies there, with digests as far as they are known.
        records: the package records.
        claims: path -> who promises it.
        contested: paths that several packages ship.
    """

    prefix: Path
    platform: str
    seal: Seal | None
    sealed: Mapping[str, Row] | None
    rows: dict[str, Row]
    records: list[PrefixRecord]
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    contested: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        spelled = Spelling(self.rows)
        for record in self.records:
            for entry in record.paths_data.paths:
                path = spelled(entry.path) if spelled.folded else entry.path
                if path in self.claims:
                    self.claims[path].append(Claim(record, entry))
                    self.contested.add(path)
                else:
                    self.claims[path] = [Claim(record, entry)]
                if entry.original_path is not None:
                    self.contested.add(path)

    @functools.cached_property
    def distributions(self) -> list[Distribution]:
        """What pip installed; not what a package left behind whose record is gone."""
        if self.sealed is None or self.seal is None:
            return find_distributions(self.prefix, self.rows, self.claims.__contains__)
        ours = {note.record for note in self.seal.pip}
        claims, sealed = self.claims, self.sealed
        return find_distributions(
            self.prefix, self.rows, lambda p: p in claims or (p in sealed and p not in ours)
        )

    @functools.cached_property
    def of_distributions(self) -> dict[str, tuple[Distribution, DistributionFile]]:
        """Path -> who names it in its RECORD; no path of a package."""
        return {
            item.path: (distribution, item)
            for distribution in self.distributions
            for item in distribution.files
            if item.path not in self.claims
        }

    @functools.cached_property
    def edited(self) -> set[str]:
        """RECORDs with other bytes than were sealed while all that they name is as it was sealed.

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
                or not (item.path in self.rows or item.path in self.sealed)  # nobody's file at all
                for item in found.files
            )
        }

    @functools.cached_property
    def rewritten(self) -> set[str]:
        """The names of packages whose record is not the one that was sealed."""
        if self.sealed is None:
            return set()
        return {
            record.name
            for record in self.records
            if not self._is_as_sealed(f"{META}/{record.dist}.json")
        }

    @functools.cached_property
    def unsteady(self) -> list[str]:
        """What is there besides, without folders but those that cannot be read."""
        steady, rows = self.steady, self.rows
        others = [path for path in rows if path not in steady]
        return [path for path in others if rows[path].kind != FOLDER or rows[path].problem]

    @functools.cached_property
    def steady(self) -> set[str]:
        """Files with the bytes and the mode that were sealed, and folders with that mode.

        No file of a package that was replaced since. Of most environments that is nearly everything,
        and then nobody has to look closer.
        """
        then = self.sealed or {}
        # Presumed, and nothing spoke against it: nearly all, and this takes the least time.
        found = {
            path
            for path, row in self.rows.items()
            if row is then.get(path) and (row.digest or row.kind == FOLDER) and row.kind != LINK
        }
        found.update(
            path
            for path in self.rows.keys() - found
            if path in then and _is_steady(self.rows[path], then[path])
        )
        for path, claims in self.claims.items() if self.rewritten else ():
            if any(claim.package in self.rewritten for claim in claims):
                found.discard(path)
        return found

    def as_sealed(self, path: str) -> Row | None:
        """What the path was when it was sealed, unless its package was replaced since."""
        if self.sealed is None:
            return None
        if self.rewritten and any(c.package in self.rewritten for c in self.claims.get(path, ())):
            return None
        return self.sealed.get(path)

    def was_absent(self, path: str) -> bool:
        """Whether it was not there either when it was sealed, and its package is still the same.

        Who removes a file and seals then has wanted that.
        """
        if self.sealed is None:
            return False
        found = self.of_distributions.get(path)
        if found and not self._is_as_sealed(found[0].record):
            return False
        if any(c.package in self.rewritten for c in self.claims.get(path, ())):
            return False
        return self._sealed_spelling(path) not in self.sealed

    @functools.cached_property
    def _sealed_spelling(self) -> Spelling:
        return Spelling(self.sealed or {})

    def owner(self, path: str) -> str | None:
        """The packages or the distribution that a path belongs to."""
        if claims := self.claims.get(path):
            return ", ".join(claim.package for claim in claims)
        found = self.of_distributions.get(path)
        return found[0].name if found else None

    def leads_to(self, path: str, *, then: bool = False) -> str | None:
        """Where a link ends inside the prefix; None when that is nothing, `..` when it is outside.

        Args:
            path: of a link.
            then: among what was there when it was sealed (with the links as they are).
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
            if path == "..." or path.startswith(("../", "/")) or path == "..":
                return ".."
            if path == ".":
                return "."
        return None

    def text(self, path: str) -> str:
        """What a link says, with `/`; one that is absolute and leads inside as a relative one."""
        try:
            raw = os.readlink(os.fsdecode(native(self.prefix, path)))
        except OSError:
            return ""  # it went away, or may not be read: a finding of its own
        text = os.fsencode(raw).decode("utf-8", "surrogateescape").replace("\\", "/")
        for place in (os.fspath(self.prefix), os.path.realpath(self.prefix)):
            if text.startswith(f"{place}/"):
                return posixpath.relpath(
                    text[len(place) + 1 :] or ".", posixpath.dirname(path) or "."
                )
        return text

    def _through(self, path: str) -> str | None:
        """The path without the first link among its parents; None when there is none."""
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
