"""The formats of `export`: pixi.lock, conda-lock.yml, `@EXPLICIT`, environment.yml."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from sealenv._version import __version__
from sealenv.errors import SpecError
from sealenv.exports.request import Request
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.request.lock import wishes
from sealenv.request.subject import origins
from sealenv.spec.environment_yml import write_environment_yml
from sealenv.spec.model import DEFAULT_INDEX

__all__ = ["condalock", "environment_yml", "explicit", "pixi"]


def environment_yml(request: Request) -> str:
    """Exact, or what was asked for; the wheels as lines of a `pip:` section."""
    lock = request.one()
    if request.from_history:
        specs = list(wishes(lock, {}).dependencies)
    else:
        specs = [_exact(p, lock) for p in sorted(lock.packages, key=lambda p: p.name)]
    by_address = _by_address(lock)
    wheels, unlocked = _with_origins(lock, request)
    pip = [*(by_address.get(w.name, f"{w.name}=={w.version}") for w in wheels), *unlocked]
    if request.from_history and lock.requirements:
        bare = [f"{w.name}=={w.version}" for w in wheels if not w.url]
        pip = [*lock.requirements, *bare, *unlocked]
    if pip:
        pip = [*_places(lock), *pip]
    return write_environment_yml(
        name=request.subject.file.name,
        channels=[c.rstrip("/") for c in lock.channels],
        dependencies=specs,
        pip=pip,
        variables=request.subject.file.variables,
    )


def _with_origins(lock: Lock, request: Request) -> tuple[list[LockedWheel], list[str]]:
    """Return the wheels that `NAME==VERSION` identifies, and `NAME @ URL` for others.

    A package from a local folder is left out, with a warning: on an index its name may belong to another
    package.
    """
    places = origins(request.subject)
    plain, located = [], []
    for wheel in lock.wheels:
        url = None if wheel.url else places.get(wheel.name)
        if url is None:
            plain.append(wheel)
        elif url.startswith("file:"):
            request.warn(f"not included: {wheel.name}, which pip installed from {url}")
        else:
            located.append(f"{wheel.name} @ {url}")
    return plain, located


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
    # A list says nothing of dependencies, and a lock made from it would not either.
    return write_condalock(_with("depends", file, request))


def explicit(request: Request) -> str:
    """An `@EXPLICIT` list (CEP 23)."""
    lock = request.one()
    if lock.wheels:
        raise SpecError(
            "wheels have no place in an @EXPLICIT list (CEP 23)",
            details=[f"{w.name} {w.version}" for w in lock.wheels[:10]],
            hint="use --format pixi or conda-lock",
        )
    _refuse_elsewhere(lock)
    return write_explicit(lock, [f"made by sealenv {__version__}"])


def _refuse_elsewhere(lock: Lock) -> None:
    """A channel may have archives anywhere (`base_url`, CEP 15); here the address says the subdir."""
    elsewhere = [p for p in lock.packages if folder_name(p.url) != p.subdir]
    if elsewhere:
        raise SpecError(
            "what a package is for is told by the folder of its address here, and not all lie in one "
            "that is called so",
            details=[f"{p.url} is for {p.subdir}" for p in elsewhere[:10]],
            hint="use --format pixi, or mirror the packages and lock from the mirror",
        )


def _warn_of_channels(file: LockFile, request: Request) -> None:
    if file.channels_apart:
        request.warn(
            "the order of channels is not the same for every platform, and the format has one list: "
            f"other tools take {', '.join(file.channels)} for all"
        )


def _with(key: str, file: LockFile, request: Request) -> LockFile:
    """The locks, with what their packages' archives say where a record lacks that."""
    if any(key not in p.record for lock in file.locks for p in lock.packages):
        return request.complete(file)
    return file
