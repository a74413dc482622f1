"""A path that several packages ship: the same one wins whichever engine linked.

conda and micromamba leave what was linked last, micromamba on Windows what was first, and py-rattler
moves the others aside. The rule here (docs/reference/fingerprint.md) is py-rattler's for two packages:
who depends on the other wins, otherwise the first by name.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import LinkError
from sealenv.layout import SCRATCH
from sealenv.locks import Lock, LockedPackage
from sealenv.prefix.records import read_raw, write_raw
from sealenv.spec.matchspec import package_name
from sealenv.system.deleting import delete
from sealenv.system.hashing import hash_file

__all__ = ["settle_clobbers", "winner"]

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
