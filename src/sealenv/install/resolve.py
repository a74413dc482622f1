"""Find the exact packages for a request: the part that `create` and `lock` share."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from sealenv.engine.client import Engine
from sealenv.errors import DigestError, SpecError
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.model import topological
from sealenv.progress import Reporter
from sealenv.spec.model import EnvironmentSpec

if TYPE_CHECKING:
    from sealenv.locks.explicit import ExplicitList


def resolve(
    spec: EnvironmentSpec,
    engine: Engine,
    reporter: Reporter,
    *,
    offline: bool,
    keep: Sequence[LockedPackage] = (),
    keep_wheels: Sequence[LockedWheel] = (),
) -> Lock:
    """Solve a spec to a lock, wheels included.

    With requirements for pip the archives of conda's Python packages are fetched, because only they
    contain the names of their distributions.

    Args:
        spec: the request.
        engine: the solver.
        reporter: is shown the steps and warnings.
        offline: do not use the network.
        keep: packages that stay unless the request requires others.
        keep_wheels: wheels that stay unless the request requires others.

    Raises:
        SolveError, FetchError, SpecError: see `Engine.solve` and `resolve_wheels`.
    """
    reporter.phase("solve", f"solving for {spec.platform}")
    try:
        solved = engine.solve(spec, offline=offline, locked=keep)
    except SpecError as error:
        places = spec.places.items()
        found = [where for text, where in places if error.what.startswith(f"{text!r} is ")]
        if not found:
            raise
        raise SpecError(
            error.what, where=found[0], details=error.details, hint="fix the line"
        ) from error
    lock = msgspec.structs.replace(solved, specs=spec.packages)
    if not spec.requirements:
        return lock
    from sealenv.pypi.resolve import resolve_wheels

    reporter.phase("pip", f"resolving the 'pip:' section for {spec.platform}")
    return resolve_wheels(
        spec,
        lock,
        engine.distributions(lock, reporter, offline=offline),
        offline=offline,
        timeout=engine.timeout,
        environ=os.environ,
        keep=keep_wheels,
        warn=reporter.warn,
    )


def complete(file: LockFile, engine: Engine, reporter: Reporter, *, offline: bool) -> LockFile:
    """Fill in short records of locks from the packages' archives.

    Raises:
        FetchError, OfflineError, DigestError: an archive is not available.
        LinkError: an archive cannot be read, or is another package.
    """
    locks = []
    for lock in file.locks:
        bare = tuple(p for p in lock.packages if "build_number" not in p.record)
        full: dict[str, LockedPackage] = {}
        if bare:
            reporter.phase("fetch", "reading missing metadata from the archives")
            part = msgspec.structs.replace(lock, packages=bare, wheels=())
            engine.fetch(part, reporter, offline=offline)
            full = {p.url: p for p in engine.complete(part).packages}
        packages = tuple(full.get(p.url, p) for p in lock.packages)
        locks.append(msgspec.structs.replace(lock, packages=packages))
    return msgspec.structs.replace(file, locks=tuple(locks))


def fill(
    given: ExplicitList, platform: str, engine: Engine, reporter: Reporter, *, offline: bool
) -> Lock:
    """Make the lock for a list of files from the records in their channels' indexes.

    Raises:
        DigestError: a channel has another digest than the list, or no longer has the file.
    """
    reporter.phase("solve", "reading the channels' records of each file")
    files: dict[str, list[str]] = {}
    for package in given.packages:
        files.setdefault(package.channel, []).append(f"{package.subdir}/{package.fn}")
    found = engine.look_up(files, given.secrets, offline=offline)
    missing = [p for p in given.packages if p.url not in found]
    if missing:
        raise DigestError(
            f"{len(missing)} of {len(given.packages)} packages are no longer in their channels' indexes",
            where=given.where(missing[0]),
            details=[p.url for p in missing[:20]],
            hint="they cannot be verified; lock other versions: sealenv lock",
        )
    packages = [found[p.url] for p in given.packages]
    for listed, package in zip(given.packages, packages, strict=True):
        _compare_digests(given.where(listed), listed, package)
    return Lock(
        platform=platform,
        channels=tuple(files),
        packages=tuple(topological(packages)),
    )


def _compare_digests(where: str, listed: LockedPackage, package: LockedPackage) -> None:
    md5, known = listed.record.get("md5"), package.record.get("md5")
    same = (listed.sha256 or package.sha256) == package.sha256
    if same and (not (md5 and known) or md5 == known):
        return
    raise DigestError(
        f"the channel has another digest of {listed.fn} than the list",
        where=where,
        details=[
            f"the list has    {listed.sha256 or md5}",
            f"the channel has {package.sha256 if listed.sha256 else known}",
        ],
        hint="the file was replaced in the channel, or the list was changed",
    )
