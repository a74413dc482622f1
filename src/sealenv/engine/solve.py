"""Solve, inside the engine: specs and channels become a lock."""

from __future__ import annotations

import datetime as dt
import os
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.engine.errors import explain
from sealenv.engine.messages import Solve, Solved
from sealenv.engine.network import StalledError, make_client, make_config, watch
from sealenv.engine.records import from_record, to_record
from sealenv.errors import ChannelError, SolveError, SpecError
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.model import topological
from sealenv.spec.matchspec import package_name
from sealenv.spec.model import parse_time
from sealenv.urls import redact, split_credentials

if TYPE_CHECKING:
    from rattler import Channel, Config, Gateway, GenericVirtualPackage, MatchSpec, RepoDataRecord

__all__ = ["activity", "lacking", "make_gateway", "solve", "virtual_packages"]


async def solve(request: Solve) -> Solved:
    """Find the packages.

    Raises:
        SpecError: a spec, channel or time is not well formed.
        ChannelError: a channel is not there or does not answer.
        SolveError: nothing satisfies the specs; the details say why.
        DigestError: a record without sha256: what cannot be verified is not installed.
    """
    specs = [_match_spec(s) for s in request.specs]
    channels = [_channel(c) for c in request.channels]
    config = make_config(request.secrets)
    Path(request.repodata_dir).mkdir(parents=True, exist_ok=True)
    secure = all(c.base_url.startswith("https:") for c in channels)
    virtual = virtual_packages(request.platform)
    platforms = [request.platform, "noarch"]

    async def attempt() -> tuple[Gateway, list[RepoDataRecord]]:
        gateway = make_gateway(request, config, secure)  # a stalled one is of no use any more
        work = _solve(gateway, channels, specs, platforms, virtual, request)
        try:
            found = await watch(work, lambda: activity(request.repodata_dir), request.timeout)
        except StalledError:
            raise
        except Exception as error:
            raise await explain(error, gateway, channels, platforms, request) from error
        return gateway, found

    try:
        gateway, records = await attempt()
    except StalledError:
        gateway, records = await _last_attempt(attempt, request)
    packages = topological(from_record(r) for r in records)
    held = {p.url for p in request.locked}
    new = [p for p in packages if p.url not in held]
    await _check_strict(gateway, channels, platforms, specs, new)
    return Solved(
        lock=Lock(
            platform=request.platform,
            channels=tuple(split_credentials(c.base_url).clean for c in channels),
            packages=tuple(packages),
            virtual_packages=tuple(
                f"{v.name.normalized}={v.version}={v.build_string}" for v in virtual
            ),
            exclude_newer=request.exclude_newer,
        )
    )


async def _last_attempt(
    attempt: Callable[[], Awaitable[tuple[Gateway, list[RepoDataRecord]]]], request: Solve
) -> tuple[Gateway, list[RepoDataRecord]]:
    try:
        return await attempt()
    except StalledError:
        raise ChannelError(
            f"a channel sent nothing for {request.timeout:g} seconds, 2 attempts",
            where=", ".join(request.channels),
            hint="try again, or give it longer: SEALENV_TIMEOUT=120",
        ) from None


def make_gateway(request: Solve, config: Config, secure: bool) -> Gateway:
    """What reads channels, with the cache in the store."""
    from rattler import Gateway
    from rattler.repo_data.gateway import SourceConfig

    return Gateway(
        cache_dir=Path(request.repodata_dir),
        client=make_client(config, request.secrets),
        default_config=SourceConfig(
            # Sharded repodata of a channel without TLS is a self-hosted one: there a shard index can
            # be stale, since plain file servers answer 304 without validators.
            sharded_enabled=secure,
            cache_action="force-cache-only" if request.offline else "cache-or-fetch",
        ),
    )


async def _solve(
    gateway: Gateway,
    channels: list[Channel],
    specs: list[MatchSpec],
    platforms: list[str],
    virtual: list[GenericVirtualPackage],
    request: Solve,
) -> list[RepoDataRecord]:
    import rattler
    from rattler.channel import ChannelPriority

    return await rattler.solve(
        channels,
        specs,
        gateway=gateway,
        platforms=platforms,  # type: ignore[arg-type]
        locked_packages=[to_record(p, p.url) for p in request.locked],
        virtual_packages=virtual,
        channel_priority=ChannelPriority.Strict,
        exclude_newer=_cut_off(request.exclude_newer),
        # CEP 42 lets a channel name further channels; only those that were asked for are used.
        channel_relations="disabled",
    )


def _match_spec(text: str) -> MatchSpec:
    from rattler import MatchSpec

    try:
        spec = MatchSpec(text, strict=False)
    except Exception as error:
        raise SpecError(
            f"{text!r} is not a MatchSpec: {error}",
            hint="write it like 'numpy', 'numpy=2.1' or 'numpy >=2,<3' (CEP 29)",
        ) from error
    if spec.build is not None and re.search(r"[ =]", str(spec.build)):
        raise SpecError(
            f"{text!r} is not a MatchSpec: too many words",
            hint="one word is one package, quoted where it has blanks: 'numpy >=2' scipy",
        )
    return spec


def _channel(text: str) -> Channel:
    from rattler import Channel

    try:
        return Channel(text)
    except Exception as error:
        raise SpecError(
            f"{redact(text)!r} is not a channel: {redact(str(error))}",
            hint="give a name such as conda-forge, a URL, or file:///folder",
        ) from error


def _cut_off(text: str | None) -> dt.datetime | None:
    # py-rattler 0.28 overwrites the zone with UTC; `parse_time` gives UTC.
    return parse_time(text) if text else None


async def _check_strict(
    gateway: Gateway,
    channels: list[Channel],
    platforms: list[str],
    specs: list[MatchSpec],
    packages: list[LockedPackage],
) -> None:
    """Strict priority also for what was asked for directly, but for what stays as it was locked.

    py-rattler lets a lower channel win for a direct spec that the higher one cannot satisfy; conda's
    strict priority does not. A spec that names its channel (`channel::name`) is the user's wish.
    """
    order = [split_credentials(c.base_url).clean.rstrip("/") for c in channels]
    chosen = {s.name.normalized for s in specs if s.channel is not None and s.name is not None}
    lower = [
        (p, order.index(p.channel.rstrip("/")))
        for p in packages
        if p.name not in chosen and p.channel.rstrip("/") in order[1:]
    ]
    if not lower:
        return
    for rank, channel in enumerate(channels[:-1]):
        names = {n.normalized for n in await gateway.names([channel], platforms)}  # type: ignore[arg-type]
        for package, own in lower:
            if rank < own and package.name in names:
                raise SolveError(
                    f"{package.name}: {order[rank]} comes first and has the package, but no version of "
                    "it fits",
                    details=[f"a lower channel has one: {package.dist} from {order[own]}"],
                    hint=f"put {order[own]} first, or ask for '{order[own]}::{package.name}'",
                )


def activity(folder: str) -> tuple[int, int]:
    """What changes while repodata arrives (bytes on disk) or the solver works (CPU seconds)."""
    size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                size += entry.stat(follow_symlinks=False).st_size
    except OSError:
        pass
    return size, int(time.process_time() * 2)


_FOREIGN = {
    # What a current machine of that platform has at least; stated, never guessed from here.
    "linux": [("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")],
    "osx": [("__unix", "0"), ("__osx", "13.0")],
    "win": [("__win", "10.0")],
}
_ARCHSPEC = {"64": "x86_64", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le"}


def virtual_packages(platform: str) -> list[GenericVirtualPackage]:
    """What the solver may take for granted: detected here, stated for another platform (CEP 30).

    CONDA_OVERRIDE_* are not read: what a lock depends on is in the lock, not in a shell.
    """
    from rattler import GenericVirtualPackage, PackageName, Version, VirtualPackage
    from rattler.package import BuildString
    from rattler.platform import Subdir

    if platform == str(Subdir.current()):
        return [v.into_generic() for v in VirtualPackage.detect()]
    system, _, machine = platform.partition("-")
    stated = [*_FOREIGN.get(system, ())]
    builds = [(name, version, "0") for name, version in stated]
    if machine in _ARCHSPEC:
        builds.append(("__archspec", "1", _ARCHSPEC[machine]))
    return [
        GenericVirtualPackage(PackageName(n), Version(v), BuildString.new_unchecked(b))
        for n, v, b in builds
    ]


def lacking(lock: Lock) -> list[str]:
    """What the packages ask of a machine (`__glibc >=2.28`, `__cuda`) and this one has not.

    What counts is what the packages depend on, not what the machine had that the lock was made on: a
    lock from a newer system serves an older one as long as no package needs more.
    """
    from rattler import MatchSpec, PackageRecord

    there = {
        v.name.normalized: PackageRecord(
            v.name.normalized, str(v.version), v.build_string, 0, lock.platform
        )
        for v in virtual_packages(lock.platform)
    }
    wanted: dict[str, list[str]] = {}
    for package in lock.packages:
        for spec in package.record.get("depends", ()):
            if package_name(spec).startswith("__"):
                wanted.setdefault(spec, []).append(package.name)
    problems = []
    for spec, names in sorted(wanted.items()):
        match = MatchSpec(spec, strict=False)
        has = there.get(package_name(spec))
        if has is None or not match.matches(has):
            here = f"here is {has.version}" if has is not None else "not here"
            problems.append(f"{spec} ({here}): {', '.join(sorted(names)[:5])}")
    return problems
