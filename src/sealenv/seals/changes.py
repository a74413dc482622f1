"""Packages that conda, mamba or pip added, removed or changed after sealing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from sealenv.errors import RecordError
from sealenv.layout import META
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord
from sealenv.seals.distributions import Distribution, named_by
from sealenv.seals.filetable import read_table
from sealenv.seals.findings import Finding
from sealenv.seals.fingerprint import is_compiled
from sealenv.seals.seal import DistributionNote, Seal


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


def changed_by_pip(
    records: Iterable[PrefixRecord],
    installed: Iterable[Distribution],
    exists: Callable[[str], bool],
) -> dict[str, Distribution | None]:
    """Return the conda packages that pip replaced by a distribution, or uninstalled (None), by name.

    `installed` are the distributions that pip installed after sealing. pip deletes the files of the
    version before, its RECORD among them; conda's record stays.
    """
    by_name = {found.name: found for found in installed}
    changed: dict[str, Distribution | None] = {}
    for record in records:
        paths = [entry.path for entry in record.paths_data.paths]
        for path in paths:
            named = named_by(path) if path.endswith(".dist-info/RECORD") else None
            if named is None or exists(path):
                continue
            modules = (p for p in paths if "site-packages/" in p and not is_compiled(p))
            if named[0] in by_name:
                changed[record.name] = by_name[named[0]]
            elif not any(map(exists, modules)):
                changed.setdefault(record.name, None)
    return changed


def is_modified(
    prefix: Path,
    seal: Seal,
    records: Sequence[PrefixRecord],
    distributions: Iterable[Distribution],
) -> bool:
    """Tell from records alone whether packages were added, removed or changed after sealing.

    No file is compared: damage, and a package that was installed again, are not found.
    """

    def exists(path: str) -> bool:
        return os.path.lexists(prefix / path)

    changes = distribution_changes(seal.pip, distributions, exists)
    if any(package_changes(locked_packages(seal.lock.packages), records)) or any(changes):
        return True
    # pip deletes the RECORD of a conda package. The package's own record stays.
    paths = (entry.path for record in records for entry in record.paths_data.paths)
    missing = [path for path in paths if path.endswith(".dist-info/RECORD") and not exists(path)]
    try:
        sealed = (read_table(prefix, seal.files) or {}) if missing else {}
    except RecordError:
        return False  # damage, which is for verify to find
    return any(path in sealed for path in missing)
