"""The archives of what is to be put back: in the store and verified, or why one cannot be had."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from msgspec import structs

from sealenv.errors import SealenvError
from sealenv.locks import Lock
from sealenv.repairs.plan import Mending, Plan
from sealenv.repairs.sources import lock_of, wheel_of, wheels_lock
from sealenv.seals.check_compiled import source_of
from sealenv.seals.compare import Comparison
from sealenv.store.archives import Archive, Store

__all__ = ["Archives", "obtain", "unobtainable"]

_UNKNOWN = "its record does not say which archive it came from"


@dataclass
class Archives:
    """What can be put back from.

    Attributes:
        packages: those to link, each in the store.
        wheels: a lock with those to install again and the python they are for.
        lost: why a path cannot be put back, where it is for want of an archive.
        errors: why archives cannot be had.
    """

    packages: Lock
    wheels: Lock
    lost: dict[str, str] = field(default_factory=dict)
    errors: tuple[SealenvError, ...] = ()

    def refuse(self, plan: Plan) -> None:
        """Do not go on where nothing of a plan can be done without what cannot be had.

        Raises:
            OfflineError, FetchError, DigestError, LinkError: the first of `errors`, and what else is
                missing.
        """
        # What would be compiled from a file goes with it.
        paths = {finding.path for finding in plan.work}
        if not self.errors or any(not {p, source_of(p)} & self.lost.keys() for p in paths):
            return
        first, others = self.errors[0], [error.what for error in self.errors[1:20]]
        raise type(first)(
            first.what, where=first.where, hint=first.hint, details=[*first.details, *others]
        )


def obtain(comparison: Comparison, plan: Plan, how: Mending) -> Archives:
    """Fetch what is not in the store; what cannot be had costs only the files that come from it."""
    found, unknown = _needed(comparison, plan)
    both = structs.replace(found.packages, wheels=found.wheels.wheels)
    failed: dict[str, SealenvError] = {}
    if both.archives:
        for wheel in both.wheels:
            how.engine.store.verify(wheel)  # a damaged one goes, and is fetched
        how.reporter.phase("fetch", "fetching and verifying archives")
        failed = how.engine.fetch(both, how.reporter, offline=how.offline, partly=True)
    _lose(
        comparison, plan, found, {sha256: error.what for sha256, error in failed.items()}, unknown
    )
    found.errors = tuple(failed.values())
    return found


def unobtainable(comparison: Comparison, plan: Plan, how: Mending) -> dict[str, str]:
    """Which paths could not be put back, and why, as far as that is known without the network."""
    found, unknown = _needed(comparison, plan)
    both = structs.replace(found.packages, wheels=found.wheels.wheels)
    failed = {
        archive.sha256: why
        for archive in both.archives
        if (why := _not_at_hand(how.engine.store, archive, offline=how.offline))
    }
    _lose(comparison, plan, found, failed, unknown)
    return found.lost


def _needed(comparison: Comparison, plan: Plan) -> tuple[Archives, set[str]]:
    """The archives of a plan, and the packages that nobody knows the archive of."""
    names = {claim.package for path in plan.relink for claim in comparison.claims[path]}
    packages, unknown = lock_of(comparison, names)
    return Archives(packages, wheels_lock(comparison, plan.wheels)), unknown


def _not_at_hand(store: Store, archive: Archive, *, offline: bool) -> str | None:
    if store.has(archive):
        return None
    if archive.url.startswith("file:"):
        if os.path.lexists(Path(url2pathname(urlsplit(archive.url).path))):
            return None
        return f"{archive.fn} could not be fetched: it is not there"
    return f"{archive.fn} is not in the cache" if offline else None


def _lose(
    comparison: Comparison,
    plan: Plan,
    found: Archives,
    failed: Mapping[str, str],
    unknown: set[str],
) -> None:
    """Take out of what was found the archives that are not there, and note the paths."""
    why = {p.name: failed[p.sha256] for p in found.packages.packages if p.sha256 in failed}
    if "python" in why:  # where its files would lie depends on it
        noarch = [p.name for p in found.packages.packages if p.record.get("noarch") == "python"]
        why |= {name: why["python"] for name in noarch if name not in why}
    why |= dict.fromkeys(unknown, _UNKNOWN)
    kept = tuple(p for p in found.packages.packages if p.name not in why)
    found.packages = structs.replace(found.packages, packages=kept)
    here = {p.name for p in kept}
    for path in plan.relink:
        owners = [claim.package for claim in comparison.claims[path]]
        # Where several packages ship a path, one of them may have what was there.
        if not here.intersection(owners):
            found.lost[path] = next((why[name] for name in owners if name in why), _UNKNOWN)
    for path in plan.wheels:
        wheel = wheel_of(comparison, path)
        if wheel is not None and wheel.sha256 in failed:
            found.lost[path] = failed[wheel.sha256]
    wheels = tuple(w for w in found.wheels.wheels if w.sha256 not in failed)
    found.wheels = structs.replace(found.wheels, wheels=wheels)
