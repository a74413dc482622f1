"""What `diff`, `export` and others are told to look at: an environment or a file, as locks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.condameta.installed import installed
from sealenv.condameta.state import read_state
from sealenv.environments import find
from sealenv.errors import NotFoundError, PrefixPendingError, RecordError
from sealenv.layout import SEAL, State, state_of
from sealenv.lock import Lock, LockFile
from sealenv.lock.explicit import bare_package
from sealenv.lock.read import read_lock
from sealenv.seal.seal import Seal, read_seal
from sealenv.spec import current_platform

__all__ = ["Subject", "sealed_lock", "subject"]


@dataclass(frozen=True)
class Subject:
    """Something with locks.

    Attributes:
        title: what to call it.
        file: its locks.
        prefix: the environment, if it is one.
    """

    title: str
    file: LockFile
    prefix: Path | None = None


def subject(text: str, *, strict: bool = True, environment: str | None = None) -> Subject:
    """A file, or an environment by name or path.

    A word that names both is the environment's name unless it is written as a path.

    Args:
        text: what the user typed.
        strict: an environment's records must have sha256 and address.
        environment: which one, where a pixi.lock holds several.

    Raises:
        NotFoundError: it is neither.
        SpecError, DigestError, RecordError: it cannot be taken as a lock.
    """
    path = Path(text)
    if path.is_file():
        return Subject(text, read_lock(path, current_platform(), environment=environment))
    try:
        prefix = find(text)
    except NotFoundError as error:
        raise NotFoundError(
            f"{text!r} is no environment and no file",
            where=error.where,
            details=error.details,
            hint="name an environment (sealenv list), a prefix, or a lock",
        ) from None
    if state_of(prefix) is State.PENDING:
        raise PrefixPendingError(
            "the environment was never finished", where=str(prefix), hint="make it anew first"
        )
    lock = _as_sealed(installed(prefix, current_platform(), strict=strict), prefix)
    file = LockFile(locks=(lock,), name=prefix.name, variables=read_state(prefix))
    return Subject(text, file, prefix)


def _as_sealed(lock: Lock, prefix: Path) -> Lock:
    """What records do not tell and the seal does: platform, virtual packages, channels' order."""
    try:
        seal = read_seal(prefix)
    except RecordError:
        return lock  # none, or none that can be read: the records must do
    sealed = _channels(seal)
    return msgspec.structs.replace(
        lock,
        platform=seal.platform,
        virtual_packages=tuple(seal.lock.virtual_packages),
        channels=tuple(dict.fromkeys([c for c in sealed if c in lock.channels] + [*lock.channels])),
    )


def sealed_lock(prefix: Path) -> Lock:
    """The lock in the seal of an environment: addresses and digests, and no more.

    Raises:
        RecordError: there is no seal, or it cannot be read.
    """
    if not (prefix / SEAL).exists():
        raise RecordError(
            "the environment has no seal, so there is no lock to compare it with",
            where=str(prefix),
            hint="compare it with a lock or another environment: sealenv diff A B",
        )
    seal = read_seal(prefix)
    packages = []
    for line in seal.lock.packages:
        url, _, sha256 = line.rpartition("#")
        packages.append(bare_package(url, sha256, where=str(prefix / SEAL)))
    return Lock(
        platform=seal.platform,
        channels=tuple(dict.fromkeys(p.channel for p in packages)),
        packages=tuple(packages),
        virtual_packages=tuple(seal.lock.virtual_packages),
    )


def _channels(seal: Seal) -> list[str]:
    """The channels that were asked for, in their order, as far as they are addresses."""
    return [str(c).rstrip("/") + "/" for c in seal.spec.get("channels", ()) if "://" in str(c)]
