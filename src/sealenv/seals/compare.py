"""A prefix as it is, next to its seal and its package records."""

from __future__ import annotations

import functools
import os
import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sealenv.layout import META
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.seals.changes import (
    changed_by_pip,
    changed_records,
    distribution_changes,
    locked_packages,
)
from sealenv.seals.distributions import (
    Distribution,
    DistributionFile,
    find_distributions,
    is_about_installing,
)
from sealenv.seals.fingerprint import is_compiled
from sealenv.seals.seal import Seal
from sealenv.seals.snapshot import FILE, FOLDER, Row, Snapshot, native

__all__ = ["Claim", "Comparison"]


class Claim(NamedTuple):
    """What a package's record says of one path."""

    record: PrefixRecord
    entry: RecordPath

    @property
    def package(self) -> str:
        """Return its name."""
        return self.record.name


@dataclass
class Comparison:
    """The snapshot, the seal and the package records of one prefix.

    A package is *unchanged* if its archive is the one in the seal. Its files are judged by the seal's
    file table, never by its record, which can be edited together with a file. Files of a changed
    package are judged by its record.

    Attributes:
        prefix: the prefix.
        platform: its subdir.
        seal: None if there is none, or it cannot be used.
        sealed: the rows of the file table; None without one.
        rows: the snapshot, with the digests that are known.
        records: the package records.
        claims: path -> the packages whose records list it.
        changed: the packages that are not the sealed ones; without a file table, all of them.
        replaced: package -> the distribution that pip installed over it; None if pip uninstalled it.
    """

    prefix: Path
    platform: str
    seal: Seal | None
    sealed: Mapping[str, Row] | None
    rows: Snapshot
    records: list[PrefixRecord]
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    replaced: dict[str, Distribution | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for record in self.records:
            for entry in record.paths_data.paths:
                path = self._spelled(entry.path)
                self.claims.setdefault(path, []).append(Claim(record, entry))
        if self.seal is None or self.sealed is None:
            self.changed = {record.name for record in self.records}
        else:
            self.changed = changed_records(locked_packages(self.seal.lock.packages), self.records)
        new = [found for found in self.distributions if found.record in self.changed_distributions]
        self.replaced = changed_by_pip(self.records, new, self._may_exist)
        if self.replaced:
            self._drop_claims({item.path for found in new for item in found.files})

    def _may_exist(self, path: str) -> bool:
        """Return whether a file of a distribution exists, was not sealed, or cannot be seen."""
        if path in self.rows or (self.sealed is not None and path not in self.sealed):
            return True
        site = self.rows.get(path[: path.rfind("site-packages/") + len("site-packages")])
        return site is None or site.kind != FOLDER or bool(site.problem)

    def _drop_claims(self, installed: Collection[str]) -> None:
        """Forget the paths of replaced packages that pip has deleted or overwritten."""
        for path, claims in list(self.claims.items()):
            if path in self.rows and path not in installed:
                continue
            kept = [claim for claim in claims if claim.package not in self.replaced]
            if kept:
                self.claims[path] = kept
            else:
                del self.claims[path]

    @functools.cached_property
    def distributions(self) -> list[Distribution]:
        """Distributions of pip; not those of a package whose record was deleted."""
        ours = {note.record for note in self.seal.pip} if self.seal else set()
        claims, sealed = set(self.claims), self.sealed or {}
        return find_distributions(
            self.prefix, self.rows, lambda p: p in claims or (p in sealed and p not in ours)
        )

    @functools.cached_property
    def changed_distributions(self) -> set[str]:
        """The RECORDs of distributions that are not the sealed ones; without a file table, all."""
        if self.seal is None or self.sealed is None:
            return {found.record for found in self.distributions}
        sealed = {note.record: note.version for note in self.seal.pip}
        return {d.record for d in self.distributions if sealed.get(d.record) != d.version}

    @functools.cached_property
    def of_distributions(self) -> dict[str, tuple[Distribution, DistributionFile]]:
        """Path -> the distribution whose RECORD lists it; no path of a package."""
        changed = self.changed_distributions
        return {
            item.path: (found, item)
            for found in sorted(self.distributions, key=lambda d: d.record not in changed)
            for item in found.files
            if item.path not in self.claims
        }

    @functools.cached_property
    def steady(self) -> set[str]:
        """Files with the sealed bytes and mode, and folders with the sealed mode: nearly everything."""
        found = {
            path
            for path, row in self.rows.items()
            if (then := (self.sealed or {}).get(path)) and _is_steady(row, then)
        }
        if self.changed or self.changed_distributions:
            found = {path for path in found if not self.is_promised(path)}
        return found

    @functools.cached_property
    def unsteady(self) -> list[str]:
        """Files and links that are not `steady`, and folders that cannot be read."""
        return [
            path
            for path, row in self.rows.items()
            if path not in self.steady and (row.kind != FOLDER or row.problem)
        ]

    @functools.cached_property
    def reinstalled(self) -> set[str]:
        """The RECORDs of distributions of the sealed version that pip installed again.

        Such a RECORD has other bytes, and agrees with the files that it lists. Otherwise it is damaged.
        """
        notes = {note.record: note.sha256 for note in self.seal.pip} if self.seal else {}
        return {
            found.record
            for found in self.distributions
            if found.record not in self.changed_distributions
            if self.rows[found.record].digest.hex() not in ("", notes.get(found.record))
            if found.files and all(map(self._agrees, found.files))
        }

    def _agrees(self, item: DistributionFile) -> bool:
        row = self.rows.get(item.path)
        if row is None:
            return is_compiled(item.path)
        return item.sha256 in (None, row.digest)

    def is_about_reinstalled(self, path: str) -> bool:
        """Return whether pip wrote this file when it installed a distribution again."""
        return is_about_installing(path) and f"{path.rpartition('/')[0]}/RECORD" in self.reinstalled

    @functools.cached_property
    def has_lost_files(self) -> bool:
        """Whether packages were removed or changed, and sealed files with them."""
        if self.seal is None:
            return False
        names = {record.name for record in self.records}
        locked = locked_packages(self.seal.lock.packages)
        if self.replaced or any(n not in names or n in self.changed for n in locked):
            return True
        changes = distribution_changes(self.seal.pip, self.distributions, self.rows.__contains__)
        return any(change.kind != "added" for change in changes)

    def is_promised(self, path: str) -> bool:
        """Return whether a path is judged by the record of a changed package or distribution."""
        if claims := self.claims.get(path):
            return all(claim.package in self.changed for claim in claims)
        found = self.of_distributions.get(path)
        return found is not None and found[0].record in self.changed_distributions

    def as_sealed(self, path: str) -> Row | None:
        """Return the row of the file table by which a path is judged."""
        if self.sealed is None or self.is_promised(path):
            return None
        return self.sealed.get(path)

    def owner(self, path: str) -> str | None:
        """Return the packages or the distribution that a path belongs to."""
        if claims := self.claims.get(path):
            return ", ".join(claim.package for claim in claims)
        found = self.of_distributions.get(path)
        return found[0].name if found else None

    def link_text(self, path: str) -> str:
        """Return the target of a link, with `/`; an absolute one that leads inside as a relative one."""
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

    def is_record_sealed(self, record: PrefixRecord) -> bool:
        """Return whether a record has the sealed bytes."""
        path = f"{META}/{record.dist}.json"
        now, then = self.rows.get(path), (self.sealed or {}).get(path)
        return now is not None and then is not None and now.digest == then.digest

    def _spelled(self, path: str) -> str:
        """Spell a record's path as the disk does: Windows ignores upper and lower case."""
        if os.name != "nt" or path in self.rows:
            return path
        return self._folded.get(path.casefold(), path)

    @functools.cached_property
    def _folded(self) -> dict[str, str]:
        return {path.casefold(): path for path in (*(self.sealed or ()), *self.rows)}


def _is_steady(row: Row, then: Row) -> bool:
    if row.kind == FOLDER or row.problem:
        return row.kind == then.kind and row.mode == then.mode and not row.problem
    return (
        row.kind == then.kind == FILE and row.mode == then.mode and row.digest == then.digest != b""
    )
