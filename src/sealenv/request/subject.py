"""Read the environment or file that `diff`, `export`, `bundle` and `mirror` name, as locks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from sealenv.errors import NotFoundError, PrefixPendingError, RecordError
from sealenv.layout import SEAL, State, state_of
from sealenv.locations import find
from sealenv.locks import Lock, LockedWheel, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.explicit import bare_package
from sealenv.locks.read import read_input, read_lock
from sealenv.prefix.condafiles import read_state
from sealenv.prefix.installed import installed
from sealenv.prefix.records import scan_records
from sealenv.seals.distributions import Distribution, scan_distributions
from sealenv.seals.seal import read_seal
from sealenv.seals.wheels import as_found, is_of, locked_wheel, locked_wheels, requested_of
from sealenv.spec.model import current_platform
from sealenv.store.bundle import is_bundle, open_bundle
from sealenv.urls import carries_credentials


@dataclass(frozen=True)
class Subject:
    """An environment or a file, as locks.

    Attributes:
        title: its name in messages.
        file: its locks.
        prefix: the prefix of an environment.
        private: the URLs in the file contain credentials; the locks have none.
        distributions: what pip installed in an environment.
    """

    title: str
    file: LockFile
    prefix: Path | None = None
    private: bool = False
    distributions: tuple[Distribution, ...] = ()

    @property
    def name(self) -> str:
        """The name in the lock, or of the file without its extension; a pipe has none."""
        path = Path(self.title)
        is_named = self.prefix is not None or path.is_file()
        return self.file.name or (path.name.split(".")[0] if is_named else "env")

    @property
    def source(self) -> str | None:
        """The file, if `lock -f` reads it."""
        return None if self.prefix or is_bundle(Path(self.title)) else self.title

    def only(self, platforms: Sequence[str]) -> Subject:
        """Select platforms; none selects all.

        Raises:
            SpecError: nothing is locked for one of them.
        """
        if not platforms:
            return self
        chosen = tuple(
            self.file.lock_for(platform, self.source) for platform in dict.fromkeys(platforms)
        )
        return replace(self, file=msgspec.structs.replace(self.file, locks=chosen))


def subject(
    text: str,
    *,
    strict: bool = True,
    environment: str | None = None,
    platforms: Sequence[str] = (),
) -> Subject:
    """Read a file, or an environment by name or path; a file takes precedence.

    Args:
        text: the argument.
        strict: require sha256 and URL in records, and a sha256 in lists; leave out what pip installed
            and no lock contains (`left_out` names it).
        environment: the environment, if a pixi.lock has several.
        platforms: only these.

    Raises:
        NotFoundError: it is neither.
        SpecError, DigestError, RecordError: it cannot be read as a lock.
    """
    path = Path(text)
    if is_bundle(path):
        with open_bundle(path) as bundle:
            return Subject(text, bundle.locks).only(platforms)
    if path.exists() and not path.is_dir():
        content = read_input(path)
        here = current_platform()
        file = read_lock(
            path, here, environment=environment, strict=strict, platforms=platforms, text=content
        )
        return Subject(text, file, private=carries_credentials(content)).only(platforms)
    return _environment(text, strict).only(platforms)


def _environment(text: str, strict: bool) -> Subject:
    try:
        prefix = find(text)
    except NotFoundError as error:
        path = Path(text)
        raise NotFoundError(
            f"{text!r} is neither an environment nor a file",
            where=error.where,
            details=error.details,
            hint=f"for the folder here, write ./{text}"
            if path.is_dir() and path.name == text
            else "name an environment (sealenv list), a prefix, or a lock",
        ) from None
    if state_of(prefix) is State.PENDING:
        raise PrefixPendingError(
            "the environment was never finished", where=str(prefix), hint="create it again first"
        )
    records, _ = scan_records(prefix)
    owned = {entry.path for record in records for entry in record.paths_data.paths}
    found = tuple(scan_distributions(prefix, owned))
    lock = installed(prefix, current_platform(), strict=strict)
    lock = _as_sealed(lock, prefix, found, strict=strict)
    file = LockFile(locks=(lock,), name=prefix.name, variables=read_state(prefix))
    return Subject(text, file, prefix, distributions=found)


def _as_sealed(lock: Lock, prefix: Path, found: Sequence[Distribution], *, strict: bool) -> Lock:
    """Add what the records of packages do not have: the request, and wheels.

    If `strict`, these are the wheels that the seal locks; otherwise everything that pip installed.
    """
    try:
        seal = read_seal(prefix) if (prefix / SEAL).exists() else None
    except RecordError:
        seal = None  # unreadable: use the records
    known = locked_wheels(seal.lock.wheels) if seal else []
    wheels = []
    for distribution in found:
        wheel = locked_wheel(known, distribution)
        if wheel is not None or not strict:
            wheels.append(as_found(prefix, distribution, wheel))
    # In the order of the seal: dependencies first.
    order = {wheel.url: number for number, wheel in enumerate(known)}
    wheels.sort(key=lambda wheel: (order.get(wheel.url, len(order)), wheel.name))
    lock = msgspec.structs.replace(lock, wheels=tuple(wheels))
    if seal is None:
        return lock
    spec = seal.spec
    asked = requested_of(spec.get("requirements", ()), known, wheels)
    uses_pip = bool(asked or order.keys() & {wheel.url for wheel in wheels})
    channels = [f"{str(c).rstrip('/')}/" for c in spec.get("channels", ())]
    sealed = {line.rpartition("#")[0] for line in seal.lock.packages}
    is_as_sealed = {p.url for p in lock.packages} <= sealed
    return msgspec.structs.replace(
        lock,
        platform=seal.platform,
        virtual_packages=tuple(seal.lock.virtual_packages),
        channels=tuple(
            dict.fromkeys([*(c for c in channels if c in lock.channels), *lock.channels])
        ),
        exclude_newer=spec.get("exclude_newer") if is_as_sealed else None,
        requirements=asked,
        indexes=tuple(spec.get("indexes", ())) if uses_pip else (),
        find_links=tuple(spec.get("find_links", ())) if uses_pip else (),
    )


def sealed_lock(prefix: Path) -> Lock:
    """Return the lock in the seal of an environment: URLs and digests, and what pip installed unlocked.

    Raises:
        RecordError: the seal is missing, or cannot be read.
    """
    if not (prefix / SEAL).exists():
        raise RecordError(
            "the environment has no seal, and so no lock to compare it with",
            where=str(prefix),
            hint="compare it with a lock or another environment: sealenv diff A B",
        )
    seal = read_seal(prefix)
    packages = []
    for line in seal.lock.packages:
        url, _, sha256 = line.rpartition("#")
        subdir = seal.platform if folder_name(url) == seal.platform else "noarch"
        packages.append(bare_package(url, sha256, where=str(prefix / SEAL), subdir=subdir))
    wheels = locked_wheels(seal.lock.wheels)
    bare = [
        LockedWheel(name=note.name, version=note.version, url="", sha256="")
        for note in seal.pip
        if locked_wheel(wheels, note) is None
    ]
    return Lock(
        platform=seal.platform,
        channels=tuple(dict.fromkeys(p.channel for p in packages)),
        packages=tuple(packages),
        virtual_packages=tuple(seal.lock.virtual_packages),
        wheels=(*wheels, *bare),
    )


def left_out(subject: Subject) -> list[str]:
    """Return what pip installed and no lock contains: name-version, and a URL that is not an index.

    It has no known digest.
    """
    known = [wheel for lock in subject.file.locks for wheel in lock.wheels]
    return [
        f"{distribution.name}-{distribution.version}"
        + (f" (from {distribution.origin})" if distribution.origin else "")
        for distribution in subject.distributions
        if not any(is_of(wheel, distribution) for wheel in known)
    ]
