"""What a command is about that takes ENV|LOCK: an environment as it is, or a file with locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.condameta.locked import lock_of_prefix
from sealenv.environments import Environment, find, inspect
from sealenv.errors import PrefixPendingError, SpecError
from sealenv.lock import Lock, LockFile
from sealenv.lock.read import read_lock
from sealenv.spec import current_platform
from sealenv.store.bundle import is_bundle, open_bundle

__all__ = ["Subject", "subject_of"]


@dataclass(frozen=True)
class Subject:
    """Exact packages, and what the environment is called.

    Attributes:
        locks: one for each platform.
        name: of the environment, or of the file without its ending.
        notes: what of it cannot be carried, for the user.
    """

    locks: LockFile
    name: str
    notes: tuple[str, ...] = ()


def subject_of(text: str, platforms: Sequence[str] = ()) -> Subject:
    """What ENV|LOCK stands for; a file that is there is a lock, else it is an environment.

    Args:
        text: as typed.
        platforms: only these of a lock.

    Raises:
        SpecError: the file is no lock, or not for one of the platforms.
        NotFoundError: there is no such environment.
        PrefixPendingError: it was never finished.
        DigestError: a package of it has no sha256.
    """
    path = Path(text)
    if path.is_file():
        locks = _read(path)
        subject = Subject(locks, locks.name or path.name.split(".")[0])
    else:
        subject = _environment(inspect(find(text)))
    if not platforms:
        return subject
    chosen = tuple(subject.locks.lock_for(platform) for platform in dict.fromkeys(platforms))
    locks = msgspec.structs.replace(subject.locks, locks=chosen)
    return Subject(locks, subject.name, subject.notes)


def _read(path: Path) -> LockFile:
    if is_bundle(path):
        with open_bundle(path) as bundle:
            return bundle.locks
    return read_lock(path, current_platform())


def _environment(e: Environment) -> Subject:
    if e.state == "pending":
        raise PrefixPendingError(
            "the environment was never finished", where=str(e.prefix), hint="create it again"
        )
    found = {r.subdir for r in e.records if r.subdir and r.subdir != "noarch"}
    platform = e.platform or (min(found) if found else current_platform())
    lock = lock_of_prefix(e.prefix, platform)
    if not lock.packages:
        raise SpecError("no package of conda is in the environment", where=str(e.prefix))
    return Subject(LockFile(locks=(_as_sealed(e, lock),), name=e.name), e.name, _notes(e))


def _as_sealed(e: Environment, lock: Lock) -> Lock:
    if e.seal is None:
        return lock
    return msgspec.structs.replace(lock, virtual_packages=tuple(e.seal.lock.virtual_packages))


def _notes(e: Environment) -> tuple[str, ...]:
    """What pip installed is in no record."""
    owned = {path for record in e.records for path in record.files}
    found = []
    for pattern in ("lib/python*/site-packages", "Lib/site-packages"):
        for note in e.prefix.glob(f"{pattern}/*.dist-info/INSTALLER"):
            if note.relative_to(e.prefix).as_posix() not in owned and _says_pip(note):
                found.append(note.parent.name.removesuffix(".dist-info"))
    if not found:
        return ()
    return (f"pip installed these, and they are not carried: {', '.join(sorted(found))}",)


def _says_pip(note: Path) -> bool:
    try:
        return note.read_text(encoding="utf-8").strip() == "pip"
    except (OSError, UnicodeDecodeError):
        return False
