"""A prefix as it is, next to its seal and its package records."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from sealenv.layout import META
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord, RecordPath
from sealenv.seals.distributions import (
    Distribution,
    DistributionFile,
    find_distributions,
    is_about_installing,
    named_by,
)
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import promised
from sealenv.seals.seal import DistributionNote, PatchNote, Seal
from sealenv.seals.snapshot import FILE, FOLDER, LINK, Row, Snapshot, is_compiled, native

if TYPE_CHECKING:
    from sealenv.locks import LockedWheel

_KINDS = {"softlink": LINK, "directory": FOLDER}


class Claim(NamedTuple):
    """What a package's record says of one path."""

    record: PrefixRecord
    entry: RecordPath

    @property
    def package(self) -> str:
        """Return its name."""
        return self.record.name


class Expected(NamedTuple):
    """What a path should be. None or empty: the source does not say."""

    kind: str | None = None
    digest: bytes = b""
    size: int | None = None
    mode: int | None = None

    def has_bytes_of(self, row: Row) -> bool:
        """Return whether a file or link has the expected bytes; by size if a digest is not known."""
        if self.digest and row.digest:
            return self.digest == row.digest
        return self.size in (None, row.size)


@dataclass
class Comparison:
    """The snapshot, the seal and the package records of one prefix.

    A package is *unchanged* if its archive is the one in the seal. Its files are judged by the seal's
    file table, never by its record, which can be edited together with a file. Files of a changed
    package are judged by its record, those of a changed distribution by its RECORD.

    Attributes:
        prefix: the prefix.
        platform: its subdir.
        seal: None if there is none, or it cannot be used.
        sealed: the rows of the file table; none without one.
        rows: the snapshot, with the digests that are known.
        records: the package records.
        claims: path -> the packages whose records list it.
        distributions: of pip; not those of a package whose record was deleted.
        changed: the packages that are not the sealed ones; without a file table, all of them.
        changed_distributions: the RECORDs of those that are not the sealed ones; likewise.
        replaced: package -> the distribution that pip installed over it; None if pip uninstalled it.
        of_distributions: path -> the distribution whose RECORD lists it; no path of a package.
    """

    prefix: Path
    platform: str
    seal: Seal | None
    sealed: Snapshot
    rows: Snapshot
    records: list[PrefixRecord]
    claims: dict[str, list[Claim]] = field(default_factory=dict)
    distributions: list[Distribution] = field(default_factory=list)
    changed: set[str] = field(default_factory=set)
    changed_distributions: set[str] = field(default_factory=set)
    replaced: dict[str, Distribution | None] = field(default_factory=dict)
    of_distributions: dict[str, tuple[Distribution, DistributionFile]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Windows ignores upper and lower case: a record's path is spelled as the disk does.
        names = (*self.sealed, *self.rows) if os.name == "nt" else ()
        folded = {path.casefold(): path for path in names}
        for record in self.records:
            for entry in record.paths_data.paths:
                path = entry.path
                if path not in self.rows:
                    path = folded.get(path.casefold(), path)
                self.claims.setdefault(path, []).append(Claim(record, entry))
        known = {note.record: note.version for note in self.seal.pip} if self.seal else {}
        foreign = self.claims.keys() | (self.sealed.keys() - known.keys())
        self.distributions = find_distributions(self.prefix, self.rows, foreign.__contains__)
        self.changed = {record.name for record in self.records}
        if self.seal is not None and self.sealed:
            self.changed = changed_records(self.locked, self.records)
        else:
            known = {}
        new = [found for found in self.distributions if known.get(found.record) != found.version]
        self.changed_distributions = {found.record for found in new}
        self._find_replaced(new)
        self.of_distributions = {
            item.path: (found, item)
            for found in sorted(self.distributions, key=lambda found: found not in new)
            for item in found.files
            if item.path not in self.claims
        }

    def _find_replaced(self, new: Sequence[Distribution]) -> None:
        """Find the packages that pip has replaced or uninstalled.

        pip deletes the files of the version before, its RECORD among them; conda's record stays.
        """
        by_name = {found.name: found for found in new}
        for record in self.records:
            paths = [entry.path for entry in record.paths_data.paths]
            gone = [p for p in paths if p.endswith(".dist-info/RECORD") and not self._exists(p)]
            for name, _ in filter(None, map(named_by, gone)):
                modules = (p for p in paths if "site-packages/" in p and not is_compiled(p))
                if name in by_name:
                    self.replaced[record.name] = by_name[name]
                elif not any(map(self._exists, modules)):
                    self.replaced.setdefault(record.name, None)
        if self.replaced:
            self._drop_claims({item.path for found in new for item in found.files})

    def _exists(self, path: str) -> bool:
        """Return whether a path exists, or did not when the prefix was sealed."""
        return path in self.rows or (bool(self.sealed) and path not in self.sealed)

    def _drop_claims(self, installed: Collection[str]) -> None:
        """Drop the paths of replaced packages that pip deleted, or installed again."""
        for path, claims in list(self.claims.items()):
            if path not in self.rows or path in installed:
                self.claims[path] = [c for c in claims if c.package not in self.replaced]
        self.claims = {path: claims for path, claims in self.claims.items() if claims}

    @functools.cached_property
    def locked(self) -> dict[str, tuple[str, str]]:
        """Name -> (name-version-build, sha256) of the sealed packages."""
        return locked_packages(self.seal.lock.packages) if self.seal else {}

    @functools.cached_property
    def wheels(self) -> list[LockedWheel]:
        """The sealed wheels."""
        from sealenv.seals.wheels import locked_wheels  # slow to import; verify needs none

        return locked_wheels(self.seal.lock.wheels) if self.seal else []

    def is_written_by_pip(self, path: str) -> bool:
        """Return whether pip writes this file each time it installs a distribution."""
        record = f"{path.rpartition('/')[0]}/RECORD"
        return is_about_installing(path) and any(
            found.record == record and found.files for found in self.distributions
        )

    @functools.cached_property
    def has_lost_files(self) -> bool:
        """Whether packages were removed or changed, and sealed files with them."""
        if self.seal is None:
            return False
        names = {record.name for record in self.records}
        if self.replaced or any(n not in names or n in self.changed for n in self.locked):
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
        then = self.sealed.get(path)
        return None if then is None or self.is_promised(path) else then

    def is_steady(self, path: str) -> bool:
        """Return whether a path is as sealed: nearly every path is."""
        row, then = self.rows.get(path), self.sealed.get(path)
        if row is None or then is None or row.kind != then.kind or row.problem:
            return False
        if row.kind != LINK and row.mode != then.mode:
            return False
        if row.kind != FOLDER and not row.digest == then.digest != b"":
            return False
        return not (self.changed or self.changed_distributions) or not self.is_promised(path)

    def expected(self, path: str) -> list[Expected]:
        """Return what a path should be; if several packages list it, any of these."""
        then = self.as_sealed(path)
        if then is None:
            return self.recorded(path)
        return [Expected(then.kind, then.digest, then.size, then.mode)]

    def recorded(self, path: str) -> list[Expected]:
        """Return what the records of packages, or a distribution's RECORD, say of a path."""
        if claims := self.claims.get(path):
            return [_recorded(claim.entry) for claim in claims]
        found = self.of_distributions.get(path)
        row = self.rows.get(path)
        if found is None or is_about_installing(path) or (row and row.kind == LINK):
            return []
        return [Expected(FILE, found[1].sha256 or b"", found[1].size)]

    def patch_note(self, path: str) -> PatchNote | None:
        """Return what the seal notes of a file that sealenv made relative."""
        notes = self.seal.patched if self.seal else []
        return next((note for note in notes if note.path == path), None)

    def owner(self, path: str) -> str | None:
        """Return the packages or the distribution that a path belongs to."""
        if claims := self.claims.get(path):
            return ", ".join(claim.package for claim in claims)
        found = self.of_distributions.get(path)
        return found[0].name if found else None

    def link_text(self, path: str) -> str:
        """Return the target of a link, with `/`."""
        try:
            raw = os.readlink(os.fsdecode(native(self.prefix, path)))
        except OSError:
            return ""  # it is gone, or cannot be read: another finding
        return os.fsencode(raw).decode("utf-8", "surrogateescape").replace("\\", "/")


def _recorded(entry: RecordPath) -> Expected:
    kind = _KINDS.get(entry.path_type, FILE) if entry.path_type else None
    if kind in (LINK, FOLDER):
        return Expected(kind)
    # micromamba records the size in the archive, also of a file with the prefix in it.
    sized = not (entry.prefix_placeholder or entry.sha256_in_prefix)
    size = entry.size_in_bytes if sized else None
    try:
        digest = bytes.fromhex(promised(entry) or "")
    except ValueError:
        digest = b"?"  # no file has it
    return Expected(kind, digest, size)


def locked_packages(lines: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return name -> (name-version-build, sha256) of a seal's `URL#sha256` lines."""
    found = {}
    for line in lines:
        url, _, sha256 = line.partition("#")
        dist = url.rsplit("/", 1)[-1].removesuffix(".conda").removesuffix(".tar.bz2")
        found[dist.rsplit("-", 2)[0]] = dist, sha256
    return found


def package_changes(
    locked: Mapping[str, tuple[str, str]], records: Iterable[PrefixRecord]
) -> Iterator[Finding]:
    """Compare the records with locked packages, by version, build and archive digest."""
    recorded = {record.name: record for record in records}
    for name, (dist, sha256) in locked.items():
        record = recorded.get(name)
        if record is None:
            yield Finding("removed", f"{META}/{dist}.json", name, dist)
        elif record.dist != dist:
            yield Finding("changed", f"{META}/{record.dist}.json", name, f"{dist} -> {record.dist}")
        elif record.sha256 and record.sha256 != sha256:
            now, then = digests_apart(record.sha256, sha256)
            detail = f"{dist} from another archive: sha256 {now}, expected {then}"
            yield Finding("changed", f"{META}/{dist}.json", name, detail)
    for name, record in recorded.items():
        if name not in locked:
            yield Finding("added", f"{META}/{record.dist}.json", name, record.dist)


def changed_records(
    locked: Mapping[str, tuple[str, str]], records: Sequence[PrefixRecord]
) -> set[str]:
    """Return the packages that are not the locked ones, by name.

    A noarch python package is linked again when the minor version of python changes: its archive
    is the same, its paths are not.
    """
    found = {finding.package or "" for finding in package_changes(locked, records)}
    python = next((record for record in records if record.name == "python"), None)
    if python is not None and "python" in found:
        before = locked.get("python", ("", ""))[0].split("-")[1:2]
        if [_minor(python.version)] != [_minor(version) for version in before]:
            found |= {record.name for record in records if record.noarch == "python"}
    return found


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def distribution_changes(
    notes: Iterable[DistributionNote],
    distributions: Iterable[Distribution],
    exists: Callable[[str], bool],
) -> Iterator[Finding]:
    """Compare the installed distributions with the sealed ones, by version.

    `exists` returns whether a path is in the environment. pip removes METADATA too, so a RECORD that is
    missing alone is damage.
    """
    then = {note.name: note for note in notes}
    now = {found.name: found for found in distributions}
    for name, note in then.items():
        found = now.get(name)
        if found is None:
            if not exists(f"{note.record.rpartition('/')[0]}/METADATA"):
                detail = f"{name} {note.version}, by pip"
                yield Finding("removed", note.record, name, detail)
        elif found.version != note.version:
            detail = f"{name} {note.version} -> {found.version}, by pip"
            yield Finding("changed", found.record, name, detail)
    for name, found in now.items():
        if name not in then:
            yield Finding("added", found.record, name, f"{name} {found.version}, by pip")


def is_modified(
    prefix: Path,
    seal: Seal,
    records: Sequence[PrefixRecord],
    distributions: Iterable[Distribution],
) -> bool:
    """Tell from records alone whether packages were added, removed or changed after sealing.

    No file is compared: damage, and a conda package that pip uninstalled, are not found.
    """
    changes = distribution_changes(
        seal.pip, distributions, lambda path: os.path.lexists(prefix / path)
    )
    return any(package_changes(locked_packages(seal.lock.packages), records)) or any(changes)
