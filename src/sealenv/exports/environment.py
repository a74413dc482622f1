"""environment.yml (CEP 24) of an environment or a lock."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from sealenv.exports.request import Request
from sealenv.locks import Lock, LockedPackage
from sealenv.request.lockwishes import wishes
from sealenv.spec.environment_yml import write_environment_yml
from sealenv.spec.model import DEFAULT_INDEX

__all__ = ["environment_yml"]


def environment_yml(request: Request) -> str:
    """Exact, or what was asked for; the wheels as lines of a `pip:` section."""
    lock = request.one()
    if request.from_history:
        specs = list(wishes(lock, {}).dependencies)
    else:
        specs = [_exact(p, lock) for p in sorted(lock.packages, key=lambda p: p.name)]
    by_address = _by_address(lock)
    pip = [by_address.get(w.name, f"{w.name}=={w.version}") for w in lock.wheels]
    if request.from_history and lock.requirements:
        pip = [*lock.requirements, *(f"{w.name}=={w.version}" for w in lock.wheels if not w.url)]
    if pip:
        pip = [*_places(lock), *pip]
    return write_environment_yml(
        name=request.subject.file.name,
        channels=[c.rstrip("/") for c in lock.channels],
        dependencies=specs,
        pip=pip,
        variables=request.subject.file.variables,
    )


def _by_address(lock: Lock) -> dict[str, str]:
    """Name -> `NAME @ URL` of the wheels that were asked for by address: no index may replace them."""
    asked = [*lock.requirements, *(line for w in lock.wheels for line in w.requires_dist)]
    names = {canonicalize_name(line.partition("@")[0].partition("[")[0].strip())
             for line in asked if "@" in line.partition(";")[0]}  # fmt: skip
    return {w.name: f"{w.name} @ {w.url}" for w in lock.wheels if w.name in names and w.url}


def _places(lock: Lock) -> list[str]:
    """Where the wheels are from, as lines of a `pip:` section; nothing of the usual index."""
    indexes = [] if lock.indexes == (DEFAULT_INDEX,) else list(lock.indexes)
    options = ["--index-url", *["--extra-index-url"] * len(indexes)]
    return [
        *(f"{option} {url}" for option, url in zip(options, indexes, strict=False)),
        *(f"--find-links {url}" for url in lock.find_links),
    ]


def _exact(package: LockedPackage, lock: Lock) -> str:
    """The MatchSpec for this very package.

    With its channel, where that is not the first one: strict priority takes a name from the first
    channel that has it, in whatever version.
    """
    spec = f"{package.name}={package.version}={package.build}"
    channel = package.channel.rstrip("/")
    first = lock.channels[0].rstrip("/") if lock.channels else channel
    return spec if channel == first else f"{channel}::{spec}"
