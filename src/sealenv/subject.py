"""What `diff`, `export` and others are told to look at: an environment or a file, as locks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from sealenv.condameta.installed import installed
from sealenv.condameta.records import scan_records
from sealenv.condameta.state import read_state
from sealenv.environments import find
from sealenv.errors import NotFoundError, PrefixPendingError, RecordError
from sealenv.layout import SEAL, State, state_of
from sealenv.lock import Lock, LockFile
from sealenv.lock.explicit import bare_package
from sealenv.lock.read import read_lock
from sealenv.seal.seal import Seal, read_seal
from sealenv.spec import current_platform
from sealenv.store.bundle import is_bundle, open_bundle

__all__ = ["Subject", "left_out", "sealed_lock", "subject"]


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

    @property
    def name(self) -> str:
        """How the environment is called: in the lock, else as the file without its ending."""
        return self.file.name or Path(self.title).name.split(".")[0]

    def only(self, platforms: Sequence[str]) -> Subject:
        """The same for these platforms; for all without any.

        Raises:
            SpecError: nothing is locked for one of them.
        """
        if not platforms:
            return self
        chosen = tuple(self.file.lock_for(platform) for platform in dict.fromkeys(platforms))
        return replace(self, file=msgspec.structs.replace(self.file, locks=chosen))


def subject(text: str, *, strict: bool = True, environment: str | None = None) -> Subject:
    """A file, or an environment by name or path.

    Where there are both, it is the file.

    Args:
        text: what the user typed.
        strict: an environment's records must have sha256 and address.
        environment: which one, where a pixi.lock holds several.

    Raises:
        NotFoundError: it is neither.
        SpecError, DigestError, RecordError: it cannot be taken as a lock.
    """
    path = Path(text)
    if is_bundle(path):
        with open_bundle(path) as bundle:
            return Subject(text, bundle.locks)
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


def left_out(subject: Subject) -> list[str]:
    """What pip installed and no record knows: name-version. A lock of records does not have it."""
    if subject.prefix is None:
        return []
    known = {wheel.name for lock in subject.file.locks for wheel in lock.wheels}
    owned = {path for record in scan_records(subject.prefix)[0] for path in record.files}
    found = []
    for folder in ("lib/python*/site-packages", "Lib/site-packages"):
        for note in subject.prefix.glob(f"{folder}/*.dist-info/INSTALLER"):
            name = note.parent.name.removesuffix(".dist-info")
            project = re.sub(r"[-_.]+", "-", name.rpartition("-")[0]).lower()
            ours = note.relative_to(subject.prefix).as_posix() in owned or project in known
            if not ours and _first_word(note) == "pip":
                found.append(name)
    return sorted(found)


def _first_word(path: Path) -> str:
    try:
        return (path.read_text(encoding="utf-8").split() or [""])[0]
    except (OSError, UnicodeDecodeError):
        return ""


def _channels(seal: Seal) -> list[str]:
    """The channels that were asked for, in their order, as far as they are addresses."""
    return [str(c).rstrip("/") + "/" for c in seal.spec.get("channels", ()) if "://" in str(c)]
