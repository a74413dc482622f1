"""The order in which a script lets micromamba link, so that of each clobbered path the winner stays.

A script cannot settle clobbers afterwards as create does. But micromamba links an @EXPLICIT list as
it stands: it has no dependencies there to sort it by (read in mamba's sources, MTransaction; never run).
What is linked last stays, on Windows what is first. Which one wins is `clobbers.winner`'s to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import msgspec

from sealenv.errors import SpecError
from sealenv.install.clobbers import winner
from sealenv.layout import is_windows
from sealenv.locks import Lock
from sealenv.locks.order import depends_on
from sealenv.prefix.records import scan_records
from sealenv.store.archives import Store
from sealenv.store.placing import entry_point_paths, linked_paths

__all__ = ["clobbers_in_prefix", "clobbers_in_store", "order_for_micromamba"]

Clobbers = dict[str, list[str]]


def clobbers_in_prefix(prefix: Path) -> Clobbers:
    """Path -> the packages that ship it, where several do, as the records of an environment have it."""
    owners: Clobbers = {}
    for record in scan_records(prefix)[0]:
        for entry in record.paths_data.paths:
            path = (entry.original_path or entry.path).replace("\\", "/")
            owners.setdefault(path, []).append(record.name)
    return _shared(owners)


def clobbers_in_store(lock: Lock, store: Store) -> tuple[Clobbers, list[str]]:
    """The same as the archives have it; and the packages of which that is not known."""
    owners: Clobbers = {}
    unknown = []
    for package in lock.packages:
        manifest = store.manifest(package)
        if manifest is None or "depends" not in package.record:
            unknown.append(package.dist)
            continue
        for path in [*linked_paths(package, manifest, lock), *entry_point_paths(manifest, lock)]:
            owners.setdefault(path, []).append(package.name)
    return _shared(owners), unknown


def order_for_micromamba(lock: Lock, clobbers: Mapping[str, Collection[str]]) -> Lock:
    """The lock with its packages in such an order; as they are where there are no clobbers.

    Raises:
        SpecError: there is none: on Windows a package would have to come before what it depends on, or
            clobbers contradict each other.
    """
    if not clobbers:
        return lock
    earlier: dict[str, set[str]] = {p.name: set() for p in lock.packages}
    pairs: dict[tuple[str, str], str] = {}
    for path, owners in sorted(clobbers.items()):
        won = winner(owners, lock)
        for other in sorted(set(owners) - {won}):
            first, then = (won, other) if is_windows(lock.platform) else (other, won)
            earlier[then].add(first)
            pairs.setdefault((first, then), path)
    names = [package.name for package in lock.packages]
    needs = {p.name: set(depends_on(p)) & earlier.keys() - {p.name} for p in lock.packages}
    order = _sorted(names, {name: earlier[name] | needs[name] for name in names})
    place, usual = _places(order), _places(_sorted(names, needs))
    wrong = [path for (first, then), path in pairs.items() if place[first] > place[then]]
    turned = [  # a cycle of dependencies has no order anyway
        f"{name} would be linked before {need}, which it needs"
        for name in names
        for need in sorted(needs[name])
        if usual[need] < usual[name] and place[need] > place[name]
    ]
    if wrong or turned:
        raise SpecError(
            "micromamba would leave another package's file than sealenv does where two ship one path",
            details=[*(wrong or pairs.values()), *turned][:10],
            hint="no script can be made of it; create it with sealenv, from a lock or a bundle",
        )
    by_name = {package.name: package for package in lock.packages}
    return msgspec.structs.replace(lock, packages=tuple(by_name[name] for name in order))


def _places(names: list[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _sorted(names: list[str], earlier: Mapping[str, set[str]]) -> list[str]:
    """As they are, but each behind what is to be earlier; a cycle is broken anywhere."""
    place = _places(names)
    done: dict[str, None] = {}
    entered: set[str] = set()
    stack = [(name, False) for name in reversed(names)]
    while stack:
        name, leaving = stack.pop()
        if leaving:
            done[name] = None
        elif name not in entered:
            entered.add(name)
            stack.append((name, True))
            needs = sorted(earlier[name], key=place.__getitem__, reverse=True)
            stack += [(need, False) for need in needs]
    return list(done)


def _shared(owners: Clobbers) -> Clobbers:
    found = {path: sorted(set(names)) for path, names in owners.items()}
    return {path: names for path, names in found.items() if len(names) > 1}
