"""The archives that repair takes files from: packages to link again, and wheels to unpack again."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.engine.client import Engine
from sealenv.errors import RecordError, SealenvError
from sealenv.layout import leaves
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.prefix.installed import installed_package
from sealenv.progress import Reporter
from sealenv.seals.compare import Comparison
from sealenv.seals.wheels import locked_wheel


@dataclass
class Archives:
    """What files can be restored from.

    Attributes:
        lock: the packages to link again, each in the store.
        wheels: path -> the wheel that it comes from, in the store.
        lost: path -> why its archive is not available.
        errors: why archives are not available.
    """

    lock: Lock
    wheels: dict[str, LockedWheel]
    lost: dict[str, str]
    errors: list[SealenvError]


def obtain(
    comparison: Comparison,
    paths: Collection[str],
    engine: Engine,
    *,
    offline: bool,
    reporter: Reporter,
) -> Archives:
    """Fetch the archives that are not in the store; one that is not available costs only its own files.

    `paths` are those of packages and of locked wheels.
    """
    claims = comparison.claims
    owners = {p: {claim.package for claim in claims[p]} for p in paths if p in claims}
    wheels = {p: wheel for p in paths if p not in claims and (wheel := wheel_of(comparison, p))}
    names = set().union(*owners.values())
    noarch = {record.name for record in comparison.records if record.noarch == "python"}
    packages, lost = _packages(comparison, names | {"python"} if noarch & names else names)
    lock = Lock(
        platform=comparison.platform,
        channels=(),
        packages=tuple(packages),
        wheels=tuple({wheel.name: wheel for wheel in wheels.values()}.values()),
    )
    for wheel in lock.wheels:
        engine.store.verify(wheel)  # a damaged one is deleted, and fetched again
    reporter.phase("fetch", "fetching and verifying archives")
    failed = engine.fetch(lock, reporter, offline=offline, partly=True) if lock.archives else {}
    lost |= {p.name: failed[p.sha256].what for p in packages if p.sha256 in failed}
    if "python" in lost:  # it decides where their files are linked
        lost = dict.fromkeys(noarch, lost["python"]) | lost
    kept = tuple(package for package in packages if package.name not in lost)
    why = {path: lost[min(of)] for path, of in owners.items() if of <= lost.keys()}
    why |= {p: failed[w.sha256].what for p, w in wheels.items() if w.sha256 in failed}
    return Archives(
        msgspec.structs.replace(lock, packages=kept, wheels=()),
        {path: wheel for path, wheel in wheels.items() if path not in why},
        why,
        list(failed.values()),
    )


def _packages(
    comparison: Comparison, names: Collection[str]
) -> tuple[list[LockedPackage], dict[str, str]]:
    """Return these packages, python first; name -> reason for those whose archive is unknown.

    The sha256 in the seal's lock wins over that of a record.
    """
    found, unknown = [], {}
    for record in sorted(comparison.records, key=lambda r: (r.name != "python", r.name)):
        if record.name not in names:
            continue
        try:
            package = installed_package(comparison.prefix, record.dist)
        except RecordError as error:
            unknown[record.name] = error.what
            continue
        dist, sha256 = comparison.locked.get(record.name, ("", ""))
        if dist == record.dist:
            package = msgspec.structs.replace(package, sha256=sha256)
        if package.url and package.sha256:
            found.append(package)
        else:
            unknown[record.name] = "its record does not name the archive"
    return found, unknown


def wheel_of(comparison: Comparison, path: str) -> LockedWheel | None:
    """Return the locked wheel that a path comes from; None if pip has replaced it since."""
    found = comparison.of_distributions.get(path)
    # Its RECORD may be what is missing.
    record = found[0].record if found else f"{path.partition('.dist-info/')[0]}.dist-info/RECORD"
    notes = comparison.seal.pip if comparison.seal else ()
    note = next((note for note in notes if note.record == record), None)
    return locked_wheel(comparison.wheels, note) if note else None


def unpack_wheels(comparison: Comparison, archives: Archives, engine: Engine, folder: Path) -> None:
    """Write the files of wheels into another folder. What pip makes itself is not in the wheel."""
    notes = comparison.seal.pip if comparison.seal else ()
    for wheel in {wheel.name: wheel for wheel in archives.wheels.values()}.values():
        wanted = {path for path, of in archives.wheels.items() if of == wheel}
        record = next(note.record for note in notes if locked_wheel([wheel], note))
        site = record.rsplit("/", 2)[0]
        with zipfile.ZipFile(engine.store.path(wheel)) as archive:
            for name in archive.namelist():
                path = f"{site}/{name}"
                folder_name, data, rest = name.partition(".data/")
                if data and "/" not in folder_name:  # PEP 427; pip rewrites scripts
                    scheme, _, rest = rest.partition("/")
                    path = rest if scheme == "data" else f"{site}/{rest}"
                if path in wanted and not leaves(path):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(name) as source, (folder / path).open("wb") as target:
                        shutil.copyfileobj(source, target)
