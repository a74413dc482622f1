"""Lock: solve without installing, for any platforms from any platform.

one spec a platform -> solve each, or fill the digests of a list in -> the lock file
"""

from __future__ import annotations

from collections.abc import Sequence

from sealenv.engine.rattler import Engine
from sealenv.install.resolving import fill, resolve
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.progress import Reporter
from sealenv.request.lockrequest import LockRequest, find_lock
from sealenv.store.archives import Store

__all__ = ["lock"]


def lock(
    request: LockRequest, engine: Engine, store: Store, reporter: Reporter, *, offline: bool
) -> LockFile:
    """The lock file for a request; the same channels give the same one.

    Raises:
        SealenvError: the class and its exit code say what kind of failure.
    """
    store.prepare()
    if request.explicit is not None:
        one = fill(request.explicit, request.specs[0].platform, engine, reporter, offline=offline)
        return _with_the_others(request, [one])
    for place in sorted({p for spec in request.specs for p in (*spec.indexes, *spec.find_links)}):
        if place.startswith("file:"):
            reporter.warn(f"the lock names a place of this machine for its wheels: {place}")
    locks = [
        resolve(
            spec, engine, reporter, offline=offline,
            keep=_kept(request, spec.platform), keep_wheels=_kept_wheels(request, spec.platform),
        )
        for spec in request.specs
    ]  # fmt: skip
    return _with_the_others(request, locks)


def _with_the_others(request: LockRequest, locks: Sequence[Lock]) -> LockFile:
    """The platforms that were locked now, and those that stay."""
    return LockFile(
        locks=tuple(sorted([*locks, *request.kept], key=lambda one: one.platform)),
        name=request.name,
        variables=dict(request.specs[0].variables),
    )


def _kept(request: LockRequest, platform: str) -> tuple[LockedPackage, ...]:
    if not request.update:
        return ()
    old = find_lock(request.previous, platform)
    return tuple(p for p in old.packages if p.name not in request.update) if old else ()


def _kept_wheels(request: LockRequest, platform: str) -> tuple[LockedWheel, ...]:
    if not request.update:
        return ()
    old = find_lock(request.previous, platform)
    return tuple(w for w in old.wheels if w.name not in request.update) if old else ()
