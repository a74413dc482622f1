"""The archives of what is to be restored: packages to link again, and locked wheels to install aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.engine.client import Engine
from sealenv.install.wheels import install_wheels, record_pyc
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.locks.checks import check_package
from sealenv.prefix.records import read_raw_record
from sealenv.seals.check_compiled import source_of
from sealenv.seals.check_packages import locked_packages
from sealenv.seals.compare import Comparison
from sealenv.seals.seal import DistributionNote
from sealenv.seals.snapshot import FILE
from sealenv.seals.wheels import locked_wheel, locked_wheels, requested_of
from sealenv.spec.requirements import requirement_name
from sealenv.urls import redact

__all__ = ["as_locked", "install_aside", "lock_of", "wheel_of", "wheels_lock"]


def wheel_of(comparison: Comparison, path: str) -> LockedWheel | None:
    """The locked wheel that a path comes from; None where none is, or pip has replaced it since."""
    if comparison.seal is None:
        return None
    for note in comparison.seal.pip:
        if _has(comparison, note, path):
            if _is_replaced(comparison, note):
                return None
            return locked_wheel(locked_wheels(comparison.seal.lock.wheels), note)
    return None


def wheels_lock(comparison: Comparison, paths: Collection[str]) -> Lock:
    """A lock of the wheels that these paths come from, and of the python that they are for."""
    wheels = {w.name: w for w in (wheel_of(comparison, path) for path in paths) if w is not None}
    lock, _ = lock_of(comparison, ["python"])
    return msgspec.structs.replace(lock, wheels=tuple(wheels[name] for name in sorted(wheels)))


def install_aside(
    comparison: Comparison,
    lock: Lock,
    engine: Engine,
    environ: Mapping[str, str],
    folder: Path,
    keep_fd: int,
) -> None:
    """The wheels as files of another folder, with the bytes that they had when they were sealed.

    Args:
        comparison: the prefix.
        lock: of `wheels_lock`; its wheels are in the engine's store.
        engine: whose store has them.
        environ: a clean environment.
        folder: becomes like the prefix.
        keep_fd: the prefix's lock: pip holds it too.

    Raises:
        LinkError: the environment's pip cannot.
    """
    assert comparison.seal is not None
    wheels = locked_wheels(comparison.seal.lock.wheels)
    asked = requested_of(comparison.seal.spec.get("requirements", ()), wheels, wheels)
    installed = install_wheels(
        comparison.prefix,
        lock,
        engine.store,
        [requirement_name(line) for line in asked],
        environ,
        root=folder,
        keep_fd=keep_fd,
    )
    # A RECORD names the compiled files too.
    sealed = comparison.sealed or {}
    compiled = {
        wheel.record: [
            path for path in sealed if path.endswith(".pyc") and source_of(path) in wheel.sources
        ]
        for wheel in installed
    }
    record_pyc(folder, installed, compiled)


def _is_replaced(comparison: Comparison, note: DistributionNote) -> bool:
    """Whether its RECORD is another file, as pip writes one; not a link, a folder or the like."""
    row = comparison.rows.get(note.record)
    if row is None or row.kind != FILE or row.problem:
        return False
    return row.digest.hex() != note.sha256 and note.record not in comparison.edited


def _has(comparison: Comparison, note: DistributionNote, path: str) -> bool:
    found = comparison.of_distributions.get(path)
    if found is not None:
        return found[0].record == note.record
    # Its RECORD may be what is missing.
    return path.startswith(f"{note.record.rpartition('/')[0]}/")


_OF_PREFIX = frozenset(
    {
        "files", "paths_data", "link", "requested_specs", "requested_spec", "extracted_package_dir",
        "package_tarball_full_path", "url", "channel", "fn",
    }
)  # fmt: skip


def as_locked(raw: dict[str, Any], sha256: str | None = None) -> LockedPackage | None:
    """The package of a prefix record; None when its archive cannot be told by URL and digest.

    A record that says what cannot be, as a file name with a path in it, tells nothing.

    Args:
        raw: the record.
        sha256: what the seal's lock says, which wins.
    """
    url, digest = str(raw.get("url") or ""), sha256 or raw.get("sha256")
    if not url or not digest or "://" not in url:
        return None
    file = url.rsplit("/", 1)[-1]
    package = LockedPackage(
        url=redact(url),
        channel=redact(str(raw.get("channel") or url.rsplit("/", 2)[0])),
        fn=str(raw.get("fn") or file),
        sha256=str(digest),
        size=raw.get("size") if isinstance(raw.get("size"), int) else None,
        record={key: value for key, value in raw.items() if key not in _OF_PREFIX},
    )
    return None if check_package(package) else package


def lock_of(comparison: Comparison, names: Collection[str]) -> tuple[Lock, set[str]]:
    """A lock of these packages, and the names of those whose archive nobody knows.

    Python comes along with a noarch python package: where that is linked depends on it.
    """
    locked = locked_packages(comparison.seal.lock.packages) if comparison.seal else {}
    found: dict[str, LockedPackage] = {}
    unknown = set()
    for record in _with_python(comparison, names):
        dist, sha256 = locked.get(record.name, ("", None))
        raw = read_raw_record(comparison.prefix, record.dist)
        package = as_locked(raw, sha256 if dist == record.dist else None)
        if package is None:
            unknown.add(record.name)
        else:
            found[record.name] = package
    lock = Lock(platform=comparison.platform, channels=(), packages=tuple(found.values()))
    return lock, unknown


def _with_python(comparison: Comparison, names: Collection[str]) -> Iterable[Any]:
    noarch = any(r.noarch == "python" for r in comparison.records if r.name in names)
    wanted = {*names, *(["python"] if noarch else [])}
    return sorted(
        (r for r in comparison.records if r.name in wanted),
        key=lambda r: (r.name != "python", r.name),
    )
