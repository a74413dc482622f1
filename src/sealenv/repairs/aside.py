"""Files to put back: from packages linked, and wheels installed again, in a folder of ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from sealenv.errors import LinkError
from sealenv.gates.whitelist import clean_environ
from sealenv.host.deleting import delete
from sealenv.layout import SCRATCH
from sealenv.locks import Lock
from sealenv.repairs.mending import Mending
from sealenv.repairs.packages import lock_of
from sealenv.repairs.plan import Plan
from sealenv.repairs.putting import put_back
from sealenv.repairs.wheels import install_aside, wheels_lock
from sealenv.seals.scene import Scene

__all__ = ["clear", "fetch_wheels", "reinstall", "relink", "scratch_in"]


def relink(scene: Scene, plan: Plan, how: Mending) -> dict[str, str]:
    """Put the packages' files back; path -> why not (empty: done)."""
    if not plan.relink:
        return {}
    names = {claim.package for path in plan.relink for claim in scene.claims[path]}
    lock, unknown = lock_of(scene, names)
    how.reporter.phase("fetch", "fetching and verifying packages")
    how.engine.fetch(
        lock,
        lambda event: how.reporter.advance(event.done, event.total, "bytes", event.item),
        offline=how.offline,
    )
    how.reporter.phase("repair", "putting files back")
    reasons = {}
    with _linked_aside(scene, lock, how) as scratch:
        for done, path in enumerate(plan.relink, 1):
            reasons[path] = put_back(scene, path, scratch)
            if unknown & {claim.package for claim in scene.claims[path]} and reasons[path]:
                reasons[path] = "its record does not say which archive it came from"
            how.reporter.advance(done, len(plan.relink), "files", path)
    return reasons


def fetch_wheels(scene: Scene, plan: Plan, how: Mending) -> Lock | None:
    """The wheels of what is to be put back, in the store and verified."""
    if not plan.wheels:
        return None
    lock = wheels_lock(scene, plan.wheels)
    for wheel in lock.wheels:
        how.engine.store.verify(wheel)  # a damaged one goes, and is fetched
    how.reporter.phase("fetch", "fetching and verifying wheels")
    how.engine.fetch(
        msgspec.structs.replace(lock, packages=()),
        lambda event: how.reporter.advance(event.done, event.total, "bytes", event.item),
        offline=how.offline,
    )
    return lock


def reinstall(
    scene: Scene, plan: Plan, lock: Lock | None, how: Mending, lock_fd: int
) -> dict[str, str]:
    """Put the wheels' files back, now that pip is whole; path -> why not (empty: done)."""
    if lock is None:
        return {}
    how.reporter.phase("wheels", "putting files of wheels back")
    with scratch_in(scene.prefix) as scratch:
        try:
            environ = clean_environ(how.environ)
            install_aside(scene, lock, how.engine, environ, scratch, lock_fd)
        except LinkError as error:
            return dict.fromkeys(plan.wheels, "; ".join([error.what, *error.details[-1:]]))
        return {path: put_back(scene, path, scratch) for path in plan.wheels}


@contextlib.contextmanager
def _linked_aside(scene: Scene, lock: Lock, how: Mending) -> Iterator[Path]:
    """The packages, linked into a folder of ours in the prefix: one rename from their place."""
    with scratch_in(scene.prefix) as scratch:
        if lock.packages:
            how.engine.link_aside(lock, scene.prefix, scratch)
        yield scratch


def clear(prefix: Path) -> None:
    """Delete the folder of a repair that was killed."""
    if os.path.lexists(prefix / SCRATCH):
        delete(prefix / SCRATCH)


@contextlib.contextmanager
def scratch_in(prefix: Path) -> Iterator[Path]:
    """A folder of ours; it goes at the end, whatever happens."""
    scratch = prefix / SCRATCH
    scratch.mkdir()
    try:
        yield scratch
    finally:
        delete(scratch)
