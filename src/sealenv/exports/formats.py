"""The formats of `export`: pixi.lock, conda-lock.yml, `@EXPLICIT`, environment.yml."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from sealenv._version import __version__
from sealenv.errors import SpecError
from sealenv.exports.request import Request
from sealenv.locks import Lock, LockedPackage, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.request.lock import wishes
from sealenv.spec.environment_yml import write_environment_yml
from sealenv.spec.model import DEFAULT_INDEX

__all__ = ["condalock", "environment_yml", "explicit", "pixi"]


def environment_yml(request: Request) -> str:
    """Write exact packages, or the requested specs; wheels are lines of a `pip:` section."""
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
    """Return name -> `NAME @ URL` of the wheels requested by URL, which no index may replace."""
    asked = [*lock.requirements, *(line for w in lock.wheels for line in w.requires_dist)]
    names = {canonicalize_name(line.partition("@")[0].partition("[")[0].strip())
             for line in asked if "@" in line.partition(";")[0]}  # fmt: skip
    return {w.name: f"{w.name} @ {w.url}" for w in lock.wheels if w.name in names and w.url}


def _places(lock: Lock) -> list[str]:
    """Return the sources of the wheels as lines of a `pip:` section; none for the default index."""
    indexes = [] if lock.indexes == (DEFAULT_INDEX,) else list(lock.indexes)
    options = ["--index-url", *["--extra-index-url"] * len(indexes)]
    return [
        *(f"{option} {url}" for option, url in zip(options, indexes, strict=False)),
        *(f"--find-links {url}" for url in lock.find_links),
    ]


def _exact(package: LockedPackage, lock: Lock) -> str:
    """Return the MatchSpec for exactly this package.

    It has the channel unless that is the first one: strict priority takes a name from the first channel
    that has it, in any version.
    """
    spec = f"{package.name}={package.version}={package.build}"
    channel = package.channel.rstrip("/")
    first = lock.channels[0].rstrip("/") if lock.channels else channel
    return spec if channel == first else f"{channel}::{spec}"


def pixi(request: Request) -> str:
    """rattler-lock 7."""
    file = request.several()
    _warn_of_channels(file, request)
    # What is noarch decides how pixi links it: nothing is guessed.
    return write_pixi(_with("build_number", file, request))


def condalock(request: Request) -> str:
    """conda-lock.yml (CEP 37)."""
    file = request.several()
    for lock in file.locks:
        _refuse_elsewhere(lock)
    _warn_of_channels(file, request)
    # An explicit list has no dependencies, so a lock made from one has none.
    return write_condalock(_with("depends", file, request))


def explicit(request: Request) -> str:
    """An `@EXPLICIT` list (CEP 23)."""
    lock = request.one()
    if lock.wheels:
        raise SpecError(
            "an @EXPLICIT list cannot contain wheels (CEP 23)",
            details=[f"{w.name} {w.version}" for w in lock.wheels[:10]],
            hint="use --format pixi or conda-lock",
        )
    _refuse_elsewhere(lock)
    return write_explicit(lock, [f"made by sealenv {__version__}"])


def _refuse_elsewhere(lock: Lock) -> None:
    """Refuse packages whose URL does not contain their subdir: `base_url` (CEP 15) allows that."""
    elsewhere = [p for p in lock.packages if folder_name(p.url) != p.subdir]
    if elsewhere:
        raise SpecError(
            "this format takes the platform of a package from its URL, and some URLs do not contain it",
            details=[f"{p.url} is for {p.subdir}" for p in elsewhere[:10]],
            hint="use --format pixi, or mirror the packages and lock from the mirror",
        )


def _warn_of_channels(file: LockFile, request: Request) -> None:
    if file.channels_apart:
        request.warn(
            "the order of channels differs between platforms, and the format has one list: "
            f"other tools take {', '.join(file.channels)} for all"
        )


def _with(key: str, file: LockFile, request: Request) -> LockFile:
    """Return the locks; a key that a record lacks is read from the archives."""
    if any(key not in p.record for lock in file.locks for p in lock.packages):
        return request.complete(file)
    return file
