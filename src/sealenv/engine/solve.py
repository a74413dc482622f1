"""Solve specs to a lock, and compare a lock with this machine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import rattler
from rattler import (
    Channel,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    PackageRecord,
    Version,
    VirtualPackage,
)
from rattler.channel import ChannelPriority
from rattler.package import BuildString
from rattler.platform import Subdir

from sealenv.engine.channels import ask
from sealenv.engine.messages import Access
from sealenv.engine.records import from_record, to_record
from sealenv.errors import SolveError, SpecError
from sealenv.locks import Lock, LockedPackage
from sealenv.locks.model import topological
from sealenv.spec.matchspec import package_name
from sealenv.spec.model import parse_time
from sealenv.urls import redact, split_credentials


async def solve(
    specs: tuple[str, ...],
    channels: tuple[str, ...],
    platform: str,
    access: Access,
    exclude_newer: str | None,
    locked: list[LockedPackage],
    machine: tuple[str, ...] | None,
    virtual_packages: tuple[str, ...],
) -> Lock:
    """Find the packages that satisfy the specs.

    Args:
        specs: MatchSpecs.
        channels: names or URLs, in the order of their priority.
        platform: the subdir.
        access: the store and the network.
        exclude_newer: a time; later packages are left out.
        locked: packages that are kept unless the specs require others.
        machine: all virtual packages of the target; default: the detected or usual ones.
        virtual_packages: those that replace some of them.

    Raises:
        SpecError: an invalid spec, channel or time.
        ChannelError: a channel does not exist or does not answer.
        SolveError: no packages satisfy the specs; the details say why.
        DigestError: a record without sha256.
    """
    wanted = [_match_spec(text) for text in specs]
    named = [s.channel for s in wanted if s.channel]  # of `channel::name`: last, as in conda
    sources = [*{c.base_url: c for c in (*map(_channel, channels), *named)}.values()]
    virtual = _virtual_packages(platform, machine, virtual_packages)
    platforms: list[Any] = [platform, "noarch"]
    newest = parse_time(exclude_newer) if exclude_newer else None

    async def attempt(gateway: Gateway) -> list[LockedPackage]:
        records = await rattler.solve(
            sources,
            wanted,
            gateway=gateway,
            platforms=platforms,
            locked_packages=[to_record(p, p.url) for p in locked],
            virtual_packages=virtual,
            channel_priority=ChannelPriority.Strict,
            exclude_newer=newest,
            channel_relations="disabled",  # CEP 42: a channel must not add further channels
        )
        found = [from_record(r) for r in records]
        kept = {p.url for p in locked}
        new = [p for p in found if p.url not in kept]
        await _check_strict(gateway, sources, platforms, wanted, new)
        return topological(found)

    note = ""
    if newest:
        note = f"; packages newer than {exclude_newer} or without a time were left out"
    return Lock(
        platform=platform,
        channels=tuple(split_credentials(c.base_url).clean for c in sources),
        packages=tuple(await ask(sources, access, attempt, note)),
        virtual_packages=tuple(
            f"{v.name.normalized}={v.version}={v.build_string}" for v in virtual
        ),
        exclude_newer=exclude_newer,
    )


def _match_spec(text: str) -> MatchSpec:
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
            hint="one word is one package, quoted if it contains spaces: 'numpy >=2' scipy",
        )
    if 'url="' in str(spec):
        raise SpecError(
            "a package cannot be requested by URL",
            details=[redact(text)],
            hint="create from an @EXPLICIT list with URL and sha256, or add its channel with -c",
        )
    return spec


def _channel(text: str) -> Channel:
    try:
        return Channel(text)
    except Exception as error:
        raise SpecError(
            f"{redact(text)!r} is not a channel: {redact(str(error))}",
            hint="give a name such as conda-forge, a URL, or file:///folder",
        ) from error


async def _check_strict(
    gateway: Gateway,
    channels: Sequence[Channel],
    platforms: list[Any],
    specs: Sequence[MatchSpec],
    packages: Sequence[LockedPackage],
) -> None:
    """Apply strict priority to the requested packages too, except to kept ones.

    If the first channel cannot satisfy a direct spec, py-rattler uses a lower one; conda's strict
    priority does not. A spec with a channel (`channel::name`) chooses for itself.
    """
    order = [split_credentials(c.base_url).clean.rstrip("/") for c in channels]
    chosen = {s.name.normalized for s in specs if s.channel is not None and s.name is not None}
    lower = [
        (p, order.index(p.channel.rstrip("/")))
        for p in packages
        if p.name not in chosen and p.channel.rstrip("/") in order[1:]
    ]
    for rank, channel in enumerate(channels[:-1] if lower else ()):
        names = {n.normalized for n in await gateway.names([channel], platforms)}
        for package, own in lower:
            if rank < own and package.name in names:
                raise SolveError(
                    f"{package.name}: {order[rank]} comes first and has the package, but no version of "
                    "it fits",
                    details=[f"a lower channel has one: {package.dist} from {order[own]}"],
                    hint=f"put {order[own]} first, or ask for '{order[own]}::{package.name}'",
                )


_FOREIGN = {
    # The minimum for another platform, stated and never detected.
    "linux": [("__unix", "0"), ("__linux", "5.10"), ("__glibc", "2.28")],
    "osx": [("__unix", "0"), ("__osx", "13.0")],
    "win": [("__win", "10.0")],
}
_ARCHSPEC = {"64": "x86_64", "aarch64": "aarch64", "arm64": "arm64", "ppc64le": "ppc64le"}


def _virtual_packages(
    platform: str, machine: Sequence[str] | None = None, changes: Sequence[str] = ()
) -> list[GenericVirtualPackage]:
    """Return the virtual packages (CEP 30): detected for this platform, stated for another.

    Args:
        platform: the subdir.
        machine: those of the machine, if they are given: `NAME=VERSION=BUILD`.
        changes: further ones, which replace others of the same name; `NAME=` removes one.
    """
    if machine is None and platform == str(Subdir.current()):
        found = [str(v.into_generic()) for v in VirtualPackage.detect()]
    elif machine is None:
        system, _, processor = platform.partition("-")
        found = [f"{name}={version}" for name, version in _FOREIGN.get(system, ())]
        if processor in _ARCHSPEC:
            found.append(f"__archspec=1={_ARCHSPEC[processor]}")
    else:
        found = [*machine]
    by_name = {text.partition("=")[0]: text for text in [*found, *changes]}
    return [_virtual(text) for text in by_name.values() if not text.endswith("=")]


def _virtual(text: str) -> GenericVirtualPackage:
    name, version, build = [*text.split("="), "0", "0"][:3]
    try:
        return GenericVirtualPackage(
            PackageName(name), Version(version), BuildString.new_unchecked(build)
        )
    except Exception as error:
        raise SpecError(
            f"{text!r} is not a virtual package: {error}", hint="write it like '__cuda=12.4'"
        ) from error


async def detect() -> list[str]:
    """List the virtual packages of this machine, as `NAME=VERSION=BUILD`."""
    return [str(v.into_generic()) for v in VirtualPackage.detect()]


async def fit(
    lock: Lock, machine: tuple[str, ...] | None, virtual_packages: tuple[str, ...]
) -> list[str]:
    """List the requirements (`__glibc >=2.28`, `__cuda`) of the lock that this machine does not meet.

    The dependencies of the packages count, not the machine on which the lock was made.
    """
    here = {
        v.name.normalized: PackageRecord(
            v.name.normalized, str(v.version), v.build_string, 0, lock.platform
        )
        for v in _virtual_packages(lock.platform, machine, virtual_packages)
    }
    wanted: dict[str, list[str]] = {}
    for package in lock.packages:
        for spec in package.record.get("depends", ()):
            if package_name(spec).startswith("__"):
                wanted.setdefault(spec, []).append(package.name)
    problems = []
    for spec, names in sorted(wanted.items()):
        has = here.get(package_name(spec))
        if has is None or not MatchSpec(spec, strict=False).matches(has):
            found = f"here is {has.version}" if has is not None else "not here"
            problems.append(f"{spec} ({found}): {', '.join(sorted(names)[:5])}")
    return problems
