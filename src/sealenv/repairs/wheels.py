"""Files of pip's distributions: the locked wheels, installed aside by the environment's own pip."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from sealenv.engine.rattler import Engine
from sealenv.install.wheels import install_wheels, record_pyc
from sealenv.locks import Lock, LockedWheel
from sealenv.repairs.packages import lock_of
from sealenv.seals.check_compiled import source_of
from sealenv.seals.compare import Comparison
from sealenv.seals.seal import DistributionNote
from sealenv.seals.snapshot import FILE
from sealenv.seals.wheels import locked_wheel, locked_wheels, requested_of
from sealenv.spec.requirements import requirement_name

__all__ = ["install_aside", "wheel_of", "wheels_lock"]


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
