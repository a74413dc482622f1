"""Decide which package wins a path that several packages ship.

py-rattler keeps the file of one package and moves the others aside. The rule here
(docs/reference/fingerprint.md): the one that depends on the other wins, otherwise the first by name.
py-rattler decides differently for dependencies in a cycle.

A standalone script cannot move files after linking. But micromamba links an @EXPLICIT list in order
(from mamba's sources, MTransaction): the last file stays, on Windows the first.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import SpecError
from sealenv.install.preflight import paths_of
from sealenv.layout import is_windows
from sealenv.locks import Lock
from sealenv.locks.model import dependencies_first, depends_on
from sealenv.prefix.records import read_raw, scan_records, write_raw
from sealenv.spec.matchspec import package_name
from sealenv.store.archives import Store

_ASIDE = "__clobbers__"
Clobbers = dict[str, list[str]]


def winner(owners: Collection[str], lock: Lock) -> str:
    """Return the package whose file is in place."""
    needs = {name: _all_needs(name, lock) for name in owners}
    first = [name for name in owners if not any(name in needs[o] for o in owners if o != name)]
    return min(first or owners)


def _all_needs(name: str, lock: Lock) -> set[str]:
    found: set[str] = set()
    todo = [name]
    while todo:
        package = lock.find(todo.pop())
        for spec in package.record.get("depends", ()) if package else ():
            needed = package_name(spec)
            if needed not in found:
                found.add(needed)
                todo.append(needed)
    return found


def settle_clobbers(prefix: Path, lock: Lock, clobbers: Mapping[str, Collection[str]]) -> None:
    """Put the winner's file in place if py-rattler moved it aside.

    Args:
        prefix: a pending prefix, linked, with complete records.
        lock: the linked packages.
        clobbers: path -> the packages that ship it.
    """
    owners = set().union(*clobbers.values())
    dists = {package.name: package.dist for package in lock.packages if package.name in owners}
    records = {name: read_raw(prefix, dist) for name, dist in dists.items()}
    changed = set()
    for path, names in sorted(clobbers.items()):
        won = winner(names, lock)
        holder = next(name for name in names if _entries(records[name], path))
        if holder != won:
            _move(prefix, records[holder], path, f"{_ASIDE}/{holder}/{path}")
            _move(prefix, records[won], f"{_ASIDE}/{won}/{path}", path)
            changed |= {holder, won}
    for name in sorted(changed):
        write_raw(prefix, dists[name], records[name])


def _slashes(path: str) -> str:
    """Replace the backslashes that py-rattler on Windows writes for files that it moved aside."""
    return path.replace("\\", "/")


def _entries(record: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
    return [e for e in record["paths_data"]["paths"] if _slashes(e["_path"]) == path]


def _move(prefix: Path, record: dict[str, Any], old: str, new: str) -> None:
    """Move a file of a package in the prefix, and change its record."""
    (prefix / new).parent.mkdir(parents=True, exist_ok=True)
    os.replace(prefix / old, prefix / new)
    record["files"] = [new if _slashes(f) == old else f for f in record.get("files", ())]
    for entry in _entries(record, old):
        entry["_path"] = new
        entry.pop("original_path", None)
        if new.startswith(_ASIDE):
            entry["original_path"] = old


def clobbers_in_prefix(prefix: Path) -> Clobbers:
    """Return path -> packages for each path that several records of an environment contain."""
    owners: Clobbers = {}
    for record in scan_records(prefix)[0]:
        for entry in record.paths_data.paths:
            owners.setdefault(_slashes(entry.original_path or entry.path), []).append(record.name)
    return _shared(owners)


def clobbers_in_store(lock: Lock, store: Store) -> tuple[Clobbers, list[str]]:
    """Return the same from the archives, and the packages whose archive is not in the store."""
    owners: Clobbers = {}
    unknown = []
    for package in lock.packages:
        manifest = store.manifest(package)
        if manifest is None or "depends" not in package.record:
            unknown.append(package.dist)
            continue
        for path in paths_of(package, manifest, lock):
            owners.setdefault(path, []).append(package.name)
    return _shared(owners), unknown


def _shared(owners: Clobbers) -> Clobbers:
    found = {path: sorted(set(names)) for path, names in owners.items()}
    return {path: names for path, names in found.items() if len(names) > 1}


def order_for_micromamba(lock: Lock, clobbers: Mapping[str, Collection[str]]) -> Lock:
    """Return the lock with its packages in an order in which micromamba keeps the winners' files.

    Raises:
        SpecError: there is no such order: on Windows a package would come before a dependency, or
            clobbers contradict each other.
    """
    if not clobbers:
        return lock
    before: dict[str, set[str]] = {p.name: set() for p in lock.packages}
    pairs: dict[tuple[str, str], str] = {}
    for path, owners in sorted(clobbers.items()):
        won = winner(owners, lock)
        for other in sorted(set(owners) - {won}):
            first, then = (won, other) if is_windows(lock.platform) else (other, won)
            before[then].add(first)
            pairs.setdefault((first, then), path)
    names = [package.name for package in lock.packages]
    needs = {p.name: set(depends_on(p)) & before.keys() - {p.name} for p in lock.packages}
    order = dependencies_first({name: before[name] | needs[name] for name in names})
    usual = dependencies_first(needs)
    wrong = [path for (a, b), path in pairs.items() if order.index(a) > order.index(b)]
    turned = [  # a cycle of dependencies has no order
        f"{name} would be linked before {need}, which it needs"
        for name in names
        for need in sorted(needs[name])
        if usual.index(need) < usual.index(name) and order.index(need) > order.index(name)
    ]
    if wrong or turned:
        raise SpecError(
            "micromamba would keep another package's file than sealenv where two ship one path",
            details=[*(wrong or pairs.values()), *turned][:10],
            hint="no script can be made; create the environment with sealenv from a lock or a bundle",
        )
    by_name = {package.name: package for package in lock.packages}
    return msgspec.structs.replace(lock, packages=tuple(by_name[name] for name in order))
