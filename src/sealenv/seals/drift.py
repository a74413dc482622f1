"""Drift: what conda, mamba, pip ... installed, removed or replaced since it was sealed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sealenv.layout import META
from sealenv.naming import digests_apart
from sealenv.prefix.records import PrefixRecord
from sealenv.seals.compiled import source_of
from sealenv.seals.findings import Finding
from sealenv.seals.path import FOLDER
from sealenv.seals.scene import Scene
from sealenv.seals.untracked import is_leftover

__all__ = ["find_drift", "locked_packages", "takes_files"]

_SHOWN = 5


def locked_packages(lines: list[str]) -> dict[str, tuple[str, str]]:
    """Name -> (name-version-build, sha256) of a seal's `URL#sha256` lines."""
    found = {}
    for line in lines:
        url, _, sha256 = line.partition("#")
        dist = url.rsplit("/", 1)[-1].removesuffix(".conda").removesuffix(".tar.bz2")
        found[dist.rsplit("-", 2)[0]] = dist, sha256
    return found


def find_drift(scene: Scene) -> list[Finding]:
    """Records and distributions against the seal."""
    if scene.seal is None:
        return []
    found = list(_packages(scene))
    if scene.seal.files is not None:
        found += _distributions(scene)
    for number, finding in enumerate(found):
        if takes_files(scene, finding):
            # Of which of them, or whether they were lost besides, nobody can say: it is told once.
            lost = _told(_lost(scene), "not there any more that no package names")
            found[number] = replace(finding, detail=finding.detail + lost)
            break
    return found


def _packages(scene: Scene) -> Iterator[Finding]:
    """What conda or mamba did since."""
    assert scene.seal is not None
    locked = locked_packages(scene.seal.lock.packages)
    recorded = {record.name: record for record in scene.records}
    for name, (dist, sha256) in locked.items():
        record = recorded.get(name)
        path = f"{META}/{dist}.json"
        if record is None:
            if path not in scene.rows:  # else it is one that cannot be read
                left = _told(_nobodys(scene), "there that no package names")
                detail = f"the seal names it, and there is no record of it{left}"
                yield Finding("gone", path, name, detail)
        elif record.dist != dist:
            path = f"{META}/{record.dist}.json"
            yield Finding("changed", path, name, f"sealed was {dist}")
        elif record.sha256 and record.sha256 != sha256:
            there, wanted = digests_apart(record.sha256, sha256)
            detail = f"its archive has sha256 {there}, locked is {wanted}"
            yield Finding("wrong-archive", path, name, detail)
        elif name in scene.rewritten:
            detail = "its record was written anew" + _told(
                _otherwise(scene, record), "not as sealed"
            )
            yield Finding("changed", path, name, detail)
    for name, record in recorded.items():
        if name not in locked:
            yield Finding("installed", f"{META}/{record.dist}.json", name, record.dist)


def takes_files(scene: Scene, finding: Finding) -> bool:
    """Whether sealed files that nobody names any more may have gone with what has drifted.

    Not where a record was written anew: that names the same package's files.
    """
    if finding.kind == "changed":
        return finding.path not in (scene.sealed or {})
    return finding.kind in ("gone", "wrong-archive")


def _otherwise(scene: Scene, record: PrefixRecord) -> list[str]:
    """Files of the package with other bytes than were sealed, whatever the record says now."""
    sealed = scene.sealed or {}
    return [
        entry.path
        for entry in record.paths_data.paths
        if (now := scene.rows.get(entry.path)) and (then := sealed.get(entry.path))
        if (now.kind, now.digest) != (then.kind, then.digest) and source_of(entry.path) is None
    ]


def _nobodys(scene: Scene) -> list[str]:
    """Sealed files that are there and that nobody names: who removes a record leaves them."""
    return [path for path in _unnamed(scene) if path in scene.rows]


def _lost(scene: Scene) -> list[str]:
    """Those that are not there; compiled files go with their source."""
    return [path for path in _unnamed(scene) if path not in scene.rows and not source_of(path)]


def _unnamed(scene: Scene) -> list[str]:
    """Sealed files that neither a package nor a distribution names any more, there or not."""
    scripts = scene.seal.activation if scene.seal else ()
    known = {*scene.claims, *scene.of_distributions, *scripts}
    return sorted(
        path
        for path, row in (scene.sealed or {}).items()
        if row.kind != FOLDER and path not in known
        if not (path.startswith(f"{META}/") or is_leftover(path) or source_of(path) in known)
    )


def _told(paths: list[str], what: str) -> str:
    """The first of them in words; empty when there are none."""
    if not paths:
        return ""
    some = ", ".join(paths[:_SHOWN]) + (", ..." if len(paths) > _SHOWN else "")
    count = "a file is" if len(paths) == 1 else f"{len(paths)} files are"
    return f"; {count} {what}: {some}"


def _distributions(scene: Scene) -> Iterator[Finding]:
    """What pip did since: against what it had installed then, and against the wheels that are locked."""
    assert scene.seal is not None
    locked = _locked_wheels(scene.seal.lock.wheels)
    then = {note.name: note for note in scene.seal.pip}
    now = {found.name: found for found in scene.distributions}
    for name, note in then.items():
        found = now.get(name)
        if found is None:
            if f"{note.record.rpartition('/')[0]}/METADATA" in scene.rows:
                continue  # pip would have taken that too: a missing RECORD is damage
            more = "; it is locked" if name in locked else ""
            yield Finding("gone", note.record, name, f"{name} {note.version}, by pip{more}")
        elif found.version != note.version:
            word = "locked is" if name in locked else "sealed was"
            detail = f"{found.version}, by pip; {word} {note.version}"
            yield Finding("changed", found.record, name, detail)
        elif (row := scene.rows.get(found.record)) and row.digest.hex() not in ("", note.sha256):
            if found.record in scene.edited:
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
    """Names; most environments have none, and what reads them takes long to import."""
    if not lines:
        return set()
    from sealenv.seals.wheels import locked_wheels

    return {wheel.name for wheel in locked_wheels(lines)}
