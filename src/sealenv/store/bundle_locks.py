"""The locks in a bundle, read as docs/reference/bundle.md says; what says anything else is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.checks import check_channel, check_lock
from sealenv.locks.fields import check_file
from sealenv.locks.order import misplaced
from sealenv.store.archives import Archive, archives_of
from sealenv.store.bundle_manifest import LOCK, Member, broken, member_name

__all__ = ["read_locks"]

_WHEEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+!-]{0,210}\.whl", re.ASCII)
_PLATFORM = re.compile(r"[a-z]+-[a-z0-9]+", re.ASCII)


def read_locks(path: Path, data: bytes, members: Mapping[str, Member]) -> LockFile:
    """The locks, and that the bundle holds what they name and no more.

    Args:
        path: the bundle.
        data: its `lock.json`.
        members: what else is in it, by name.

    Raises:
        BundleError: something in it is not as the format demands.
    """
    try:
        locks = msgspec.json.decode(data, type=LockFile)
        unknown = _unknown(msgspec.json.decode(data, type=dict[str, Any]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise broken(path, f"its {LOCK} cannot be read: {error}") from None
    if unknown is not None:
        raise broken(path, f"its {LOCK} has a key that is not known: {unknown[:80]!a}")
    if problem := check_file(locks):
        raise broken(path, f"its {LOCK}: {problem}")
    known = locks.platforms
    if not known or len(set(known)) != len(known) or not all(map(_PLATFORM.fullmatch, known)):
        raise broken(path, f"the platforms in its {LOCK} are {known!a}")
    wanted: set[str] = set()
    for lock in locks.locks:
        if problem := _problem(lock):
            raise broken(path, f"its lock for {lock.platform}: {problem}")
        for item in archives_of(lock):
            if problem := _named_wrongly(item) or _missing(item, members.get(member_name(item))):
                raise broken(path, problem)
            wanted.add(member_name(item))
    extra = {n for n in members if n.startswith(("packages/", "wheels/"))} - wanted
    if extra:
        raise broken(path, f"no lock in it names {min(extra)}")
    return locks


def _unknown(file: dict[str, Any]) -> str | None:
    """A key that no page says anything about: a newer format, or something that hides."""
    locks = file["locks"]
    packages = [package for lock in locks for package in lock["packages"]]
    wheels = [wheel for lock in locks for wheel in lock.get("wheels", ())]
    return (
        _other([file], LockFile)
        or _other(locks, Lock)
        or _other(packages, LockedPackage)
        or _other(wheels, LockedWheel)
    )


def _other(found: Iterable[dict[str, Any]], kind: type[msgspec.Struct]) -> str | None:
    known = set(kind.__struct_fields__)
    return next((key for item in found for key in item if key not in known), None)


def _problem(lock: Lock) -> str | None:
    for channel in dict.fromkeys((*lock.channels, *(p.channel for p in lock.packages))):
        if problem := channel and check_channel(channel):
            return problem
    if problem := check_lock(lock):
        return problem
    if found := misplaced(lock.packages):
        return f"{found[0]} stands before {found[1]}, which it depends on"
    return None


def _named_wrongly(item: Archive) -> str | None:
    """Why a package of the lock cannot be taken: its names become paths."""
    if isinstance(item, LockedWheel):
        return None if _WHEEL.fullmatch(item.fn) else f"its lock names a wheel {item.fn[:200]!a}"
    if item.fn.removesuffix(".conda").removesuffix(".tar.bz2") != item.dist:
        return f"{item.fn} is not called as its record says"
    return None


def _missing(item: Archive, member: Member | None) -> str | None:
    if member is None:
        return f"its lock names {item.fn}, sha256 {item.sha256}, which is not in it"
    if item.size is not None and item.size != member.size:
        return f"its lock names another size for {item.fn}"
    return None
