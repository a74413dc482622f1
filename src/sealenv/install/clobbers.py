"""Decide which package wins a path that several packages ship.

py-rattler keeps the file of one package and moves the others aside. The rule here
(docs/reference/fingerprint.md) is py-rattler's for two packages: the one that depends on the other wins,
otherwise the first by name.

A script cannot settle clobbers after linking, but micromamba links an @EXPLICIT list in its order (read
in mamba's sources, MTransaction; never run): the last file stays, on Windows the first.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import LinkError, SpecError
from sealenv.layout import SCRATCH, is_windows
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.model import depends_on
from sealenv.prefix.records import read_raw, scan_records, write_raw
from sealenv.spec.matchspec import package_name
from sealenv.store.archives import Store
from sealenv.store.placing import entry_point_paths, linked_paths
from sealenv.system.deleting import delete
from sealenv.system.hashing import hash_file

__all__ = [
    "clobbers_in_prefix",
    "clobbers_in_store",
    "order_for_micromamba",
    "settle_clobbers",
    "winner",
]


_ASIDE = "__clobbers__"
LinkAside = Callable[[Lock, Path], None]


def winner(owners: Collection[str], lock: Lock) -> str:
    """The package whose file is to be in place."""
    needs = {name: _all_needs(name, lock) for name in owners}
    first = [name for name in owners if not any(name in needs[o] for o in owners if o != name)]
    return min(first or owners)


def settle_clobbers(
    prefix: Path, lock: Lock, clobbers: Mapping[str, Collection[str]], link_aside: LinkAside
) -> list[str]:
    """Put the winner's file in place where the engine left another one.

    Args:
        prefix: a pending prefix, linked, with complete records.
        lock: what was linked.
        clobbers: path -> the packages that ship it.
        link_aside: links packages into another folder, for this prefix.

    Returns:
        the paths that were changed.

    Raises:
        LinkError: a record does not name the path.
    """
    changed = []
    for path, owners in sorted(clobbers.items()):
        package = lock.find(winner(owners, lock))
        assert package is not None
        record = read_raw(prefix, package)
        entry = _entry(record, path)
        if entry is None:
            raise LinkError(
                f"the record of {package.dist} does not name {path!r}",
                where=str(prefix),
                hint="run the same command again",
            )
        if _slashes(entry["_path"]) != path:
            _swap(prefix, lock, path, package, record)
        elif _differs(prefix / path, entry):
            _replace(prefix, lock, path, package, link_aside)
        else:
            continue
        changed.append(path)
    return changed


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


def _entry(record: dict[str, Any], path: str) -> dict[str, Any] | None:
    for entry in record["paths_data"]["paths"]:
        if path in (_slashes(entry["_path"]), _slashes(entry.get("original_path") or "")):
            found: dict[str, Any] = entry
            return found
    return None


def _slashes(path: str) -> str:
    """py-rattler on Windows writes what it moved aside with backslashes."""
    return path.replace("\\", "/")


def _differs(path: Path, entry: dict[str, Any]) -> bool:
    expected = entry.get("sha256_in_prefix") or entry.get("sha256")
    return (
        bool(expected)
        and entry.get("path_type") != "softlink"
        and (path.is_symlink() or hash_file(path)[0] != expected)
    )


def _swap(
    prefix: Path, lock: Lock, path: str, package: LockedPackage, record: dict[str, Any]
) -> None:
    """What py-rattler kept aside comes to its place, and what is there goes aside."""
    for other in lock.packages:
        there = read_raw(prefix, other)
        if other.name != package.name and any(
            _slashes(e["_path"]) == path for e in there["paths_data"]["paths"]
        ):
            aside = f"{_ASIDE}/{other.name}/{path}"
            (prefix / aside).parent.mkdir(parents=True, exist_ok=True)
            os.replace(prefix / path, prefix / aside)
            _rename(there, path, aside, original=path)
            write_raw(prefix, other, there)
    aside = f"{_ASIDE}/{package.name}/{path}"
    os.replace(prefix / aside, prefix / path)
    _rename(record, aside, path, original=None)
    write_raw(prefix, package, record)


def _replace(
    prefix: Path, lock: Lock, path: str, package: LockedPackage, link_aside: LinkAside
) -> None:
    """micromamba keeps one file only: the winner's is linked anew."""
    scratch = prefix / SCRATCH
    python = lock.find("python") if package.is_noarch_python else None
    wanted = tuple(p for p in (python, package) if p is not None)
    try:
        link_aside(msgspec.structs.replace(lock, packages=wanted), scratch)
        os.replace(scratch / path, prefix / path)
    finally:
        if scratch.exists():
            delete(scratch)


def _rename(record: dict[str, Any], old: str, new: str, *, original: str | None) -> None:
    files = record.get("files", ())
    record["files"] = [new if _slashes(name) == old else name for name in files]
    for entry in record["paths_data"]["paths"]:
        if _slashes(entry["_path"]) == old:
            entry["_path"] = new
            entry.pop("original_path", None)
            if original:
                entry["original_path"] = original


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
