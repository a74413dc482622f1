"""Packages: what conda, mamba and pip installed, removed or replaced since the prefix was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sealenv.layout import META
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord
from sealenv.seals.check_compiled import source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.findings import Finding
from sealenv.seals.snapshot import FOLDER
from sealenv.seals.untracked import is_leftover

__all__ = ["check_packages", "locked_packages", "takes_files"]

_SHOWN = 5


def locked_packages(lines: list[str]) -> dict[str, tuple[str, str]]:
    """Return name -> (name-version-build, sha256) of a seal's `URL#sha256` lines."""
    found = {}
    for line in lines:
        url, _, sha256 = line.partition("#")
        dist = url.rsplit("/", 1)[-1].removesuffix(".conda").removesuffix(".tar.bz2")
        found[dist.rsplit("-", 2)[0]] = dist, sha256
    return found


def check_packages(comparison: Comparison) -> list[Finding]:
    """Compare records and distributions with the seal."""
    if comparison.seal is None:
        return []
    found = list(_packages(comparison))
    if comparison.seal.files is not None:
        found += _distributions(comparison)
    for number, finding in enumerate(found):
        if takes_files(comparison, finding):
            # It is not known which of the changes took them: they are listed once.
            lost = _listed(_lost(comparison), "not there any more that no package names")
            found[number] = replace(finding, detail=finding.detail + lost)
            break
    return found


def _packages(comparison: Comparison) -> Iterator[Finding]:
    """Find what conda or mamba did since."""
    assert comparison.seal is not None
    locked = locked_packages(comparison.seal.lock.packages)
    recorded = {record.name: record for record in comparison.records}
    for name, (dist, sha256) in locked.items():
        record = recorded.get(name)
        path = f"{META}/{dist}.json"
        if record is None:
            if path not in comparison.rows:  # else it cannot be read
                left = _listed(_left_behind(comparison), "there that no package names")
                detail = f"the seal names it, and there is no record of it{left}"
                yield Finding("gone", path, name, detail)
        elif record.dist != dist:
            path = f"{META}/{record.dist}.json"
            yield Finding("changed", path, name, f"sealed was {dist}")
        elif record.sha256 and record.sha256 != sha256:
            there, wanted = digests_apart(record.sha256, sha256)
            detail = f"its archive has sha256 {there}, locked is {wanted}"
            yield Finding("wrong-archive", path, name, detail)
        elif name in comparison.rewritten:
            detail = "its record was written anew" + _listed(
                _otherwise(comparison, record), "not as sealed"
            )
            yield Finding("changed", path, name, detail)
    for name, record in recorded.items():
        if name not in locked:
            yield Finding("installed", f"{META}/{record.dist}.json", name, record.dist)


def takes_files(comparison: Comparison, finding: Finding) -> bool:
    """Tell whether sealed files that no record names any more may have gone with this change.

    Not if a record was rewritten: that names the same package's files.
    """
    if finding.kind == "changed":
        return finding.path not in (comparison.sealed or {})
    return finding.kind in ("gone", "wrong-archive")


def _otherwise(comparison: Comparison, record: PrefixRecord) -> list[str]:
    """Return files of the package with other bytes than were sealed, whatever its record says now."""
    sealed = comparison.sealed or {}
    return [
        entry.path
        for entry in record.paths_data.paths
        if (now := comparison.rows.get(entry.path)) and (then := sealed.get(entry.path))
        if (now.kind, now.digest) != (then.kind, then.digest) and source_of(entry.path) is None
    ]


def _left_behind(comparison: Comparison) -> list[str]:
    """Return sealed files that are there and that no record names any more."""
    return [path for path in _unnamed(comparison) if path in comparison.rows]


def _lost(comparison: Comparison) -> list[str]:
    """Return those that are not there; compiled files go with their source."""
    return [
        path for path in _unnamed(comparison) if path not in comparison.rows and not source_of(path)
    ]


def _unnamed(comparison: Comparison) -> list[str]:
    """Return sealed files that no package or distribution names any more, there or not."""
    scripts = comparison.seal.activation if comparison.seal else ()
    known = {*comparison.claims, *comparison.of_distributions, *scripts}
    return sorted(
        path
        for path, row in (comparison.sealed or {}).items()
        if row.kind != FOLDER and path not in known
        if not (path.startswith(f"{META}/") or is_leftover(path) or source_of(path) in known)
    )


def _listed(paths: list[str], what: str) -> str:
    """List the first of them; return nothing if there are none."""
    if not paths:
        return ""
    some = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
    count = "a file is" if len(paths) == 1 else f"{len(paths)} files are"
    return f"; {count} {what}: {some}"


def _distributions(comparison: Comparison) -> Iterator[Finding]:
    """Find what pip did since, by its distributions then and the locked wheels."""
    assert comparison.seal is not None
    locked = _locked_wheels(comparison.seal.lock.wheels)
    then = {note.name: note for note in comparison.seal.pip}
    now = {found.name: found for found in comparison.distributions}
    for name, note in then.items():
        found = now.get(name)
        if found is None:
            if f"{note.record.rpartition('/')[0]}/METADATA" in comparison.rows:
                continue  # pip would have taken that too: a missing RECORD is damage
            more = "; it is locked" if name in locked else ""
            yield Finding("gone", note.record, name, f"{name} {note.version}, by pip{more}")
        elif found.version != note.version:
            word = "locked is" if name in locked else "sealed was"
            detail = f"{found.version}, by pip; {word} {note.version}"
            yield Finding("changed", found.record, name, detail)
        elif (row := comparison.rows.get(found.record)) and row.digest.hex() not in (
            "",
            note.sha256,
        ):
            if found.record in comparison.edited:
                detail = "it was edited: all that it names is as it was sealed"
                yield Finding("altered", found.record, name, detail)
            else:
                detail = f"{found.version}, by pip: its RECORD is another than was sealed"
                yield Finding("changed", found.record, name, detail)
    for name, found in now.items():
        if name not in then:
            detail = f"{name} {found.version}, by pip; it is not locked"
            yield Finding("installed", found.record, name, detail)


def _locked_wheels(lines: list[str]) -> set[str]:
    """Return their names; most environments have none, and `wheels` takes long to import."""
    if not lines:
        return set()
    from sealenv.seals.wheels import locked_wheels

    return {wheel.name for wheel in locked_wheels(lines)}
