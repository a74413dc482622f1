"""From what is asked for to the exact packages: what `create` and `lock` have in common."""

from __future__ import annotations

import os
from collections.abc import Sequence

import msgspec

from sealenv.engine.rattler import Engine
from sealenv.errors import DigestError, SpecError
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.explicit import ExplicitList
from sealenv.locks.model import topological
from sealenv.progress import Reporter
from sealenv.spec.model import EnvironmentSpec

__all__ = ["complete", "fill", "resolve"]


def resolve(
    spec: EnvironmentSpec,
    engine: Engine,
    reporter: Reporter,
    *,
    offline: bool,
    keep: Sequence[LockedPackage] = (),
    keep_wheels: Sequence[LockedWheel] = (),
) -> Lock:
    """The lock for a spec, wheels included; warnings go to the reporter.

    With requirements for pip the archives of conda's Python packages are fetched: only they say which
    distributions are there already.

    Args:
        spec: what is asked for.
        engine: what solves.
        reporter: is told.
        offline: use the network for nothing.
        keep: packages that stay as they are, unless what is asked for cannot be had with them.
        keep_wheels: wheels for which the same holds.

    Raises:
        SolveError, FetchError, SpecError: see `Engine.solve` and `resolve_wheels`.
    """
    reporter.phase("solve", f"solving for {spec.platform}")
    try:
        solved = engine.solve(spec, offline=offline, locked=keep)
    except SpecError as error:
        raise _placed(error, spec) from error
    for warning in solved.warnings:
        reporter.warn(warning)
    lock = msgspec.structs.replace(solved.lock, specs=spec.packages)
    lock = _with_channels_of_kept(lock, reporter)
    if not spec.requirements:
        return lock
    return _with_wheels(spec, lock, engine, reporter, offline=offline, keep=keep_wheels)


def _with_channels_of_kept(lock: Lock, reporter: Reporter) -> Lock:
    """The lock with the channels of what stayed in it, though they were not given: last.

    Without them the next solve would find those packages no more, or others of the same name.
    """
    missing: dict[str, list[str]] = {}
    for package in lock.packages:
        if package.channel.rstrip("/") not in {c.rstrip("/") for c in lock.channels}:
            missing.setdefault(package.channel, []).append(package.name)
    for channel, names in missing.items():
        more = " ..." if len(names) > 5 else ""
        reporter.warn(
            f"from {channel}, which was not given, stay {', '.join(sorted(names)[:5])}{more}: it comes "
            "last among the lock's channels"
        )
    return msgspec.structs.replace(lock, channels=(*lock.channels, *missing))


def _placed(error: SpecError, spec: EnvironmentSpec) -> SpecError:
    """The same, with line and column of the spec that is wrong, where a file asked for it."""
    at = (where for text, where in spec.places.items() if error.what.startswith(f"{text!r} is "))
    where = next(at, None)
    if where is None:
        return error
    return SpecError(error.what, where=where, details=error.details, hint="mend the line")


def _with_wheels(
    spec: EnvironmentSpec,
    lock: Lock,
    engine: Engine,
    reporter: Reporter,
    *,
    offline: bool,
    keep: Sequence[LockedWheel],
) -> Lock:
    from sealenv.pypi.resolve import resolve_wheels

    reporter.phase("pip", f"resolving the 'pip:' section for {spec.platform}")
    installed = engine.distributions(
        lock,
        lambda event: reporter.advance(event.done, event.total, "bytes", event.item),
        offline=offline,
    )
    return resolve_wheels(
        spec,
        lock,
        installed,
        engine.store,
        offline=offline,
        timeout=engine.timeout,
        environ=os.environ,
        keep=keep,
        warn=reporter.warn,
    )


def complete(file: LockFile, engine: Engine, reporter: Reporter, *, offline: bool) -> LockFile:
    """The same locks with full records: what one does not say is read from the packages' archives.

    Raises:
        FetchError, OfflineError, DigestError: an archive cannot be had.
        LinkError: an archive cannot be read, or holds another package.
    """
    locks = []
    for lock in file.locks:
        bare = tuple(p for p in lock.packages if "build_number" not in p.record)
        full: dict[str, LockedPackage] = {}
        if bare:
            reporter.phase("fetch", "reading from the archives what the lock does not say")
            part = msgspec.structs.replace(lock, packages=bare, wheels=())
            engine.fetch(
                part,
                lambda event: reporter.advance(event.done, event.total, "bytes", event.item),
                offline=offline,
            )
            full = {p.url: p for p in engine.complete(part).packages}
        packages = tuple(full.get(p.url, p) for p in lock.packages)
        locks.append(msgspec.structs.replace(lock, packages=packages))
    return msgspec.structs.replace(file, locks=tuple(locks))


def fill(
    given: ExplicitList,
    platform: str,
    engine: Engine,
    reporter: Reporter,
    *,
    offline: bool,
) -> Lock:
    """The lock for a list of files: what the channels' indexes say of each.

    Raises:
        DigestError: a channel says another digest than the list, or has the file no more.
    """
    reporter.phase("solve", "reading what the channels say of each file")
    files: dict[str, list[str]] = {}
    for entry in given.entries:
        files.setdefault(entry.channel, []).append(entry.place)
    found = engine.look_up(files, given.secrets, offline=offline)
    missing = [e for e in given.entries if e.channel + e.place not in found]
    if missing:
        raise DigestError(
            f"{len(missing)} of {len(given.entries)} packages are no more in their channels' indexes",
            where=f"{given.source}:{missing[0].line}:1",
            details=[e.url for e in missing[:20]],
            hint="nothing can vouch for them; lock other versions: sealenv lock",
        )
    packages = []
    for entry in given.entries:
        package = found[entry.channel + entry.place]
        said = package.record.get("md5")
        if (entry.sha256 or package.sha256) != package.sha256 or (
            entry.md5 and said and entry.md5 != said
        ):
            raise DigestError(
                f"the channel says another digest of {entry.fn} than the list",
                where=f"{given.source}:{entry.line}:1",
                details=[
                    f"the list says {entry.sha256 or entry.md5}",
                    f"the channel says {package.sha256 if entry.sha256 else said}",
                ],
                hint="the file was replaced in the channel, or the list is not what it was",
            )
        packages.append(package)
    return Lock(
        platform=platform,
        channels=tuple(files),
        packages=tuple(topological(packages)),
        wheels=given.wheels,
    )
