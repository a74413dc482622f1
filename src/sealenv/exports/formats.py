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
    """Write the exact packages, or the requested specs. Wheels go to a `pip:` section."""
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
    """Map the wheels that were requested by URL to `NAME @ URL`, so that no index replaces them."""
    asked = [*lock.requirements, *(line for w in lock.wheels for line in w.requires_dist)]
    names = {canonicalize_name(line.partition("@")[0].partition("[")[0].strip())
             for line in asked if "@" in line.partition(";")[0]}  # fmt: skip
    return {w.name: f"{w.name} @ {w.url}" for w in lock.wheels if w.name in names and w.url}


def _places(lock: Lock) -> list[str]:
    """Return indexes and folders of wheels as lines of a `pip:` section, except the default index."""
    indexes = [] if lock.indexes == (DEFAULT_INDEX,) else list(lock.indexes)
    options = ["--index-url", *["--extra-index-url"] * len(indexes)]
    return [
        *(f"{option} {url}" for option, url in zip(options, indexes, strict=False)),
        *(f"--find-links {url}" for url in lock.find_links),
    ]


def _exact(package: LockedPackage, lock: Lock) -> str:
    """Return the MatchSpec for exactly this package.

    It includes the channel unless that is the first one, because strict priority takes a name from the
    first channel that has it, in any version.
    """
    spec = f"{package.name}={package.version}={package.build}"
    channel = package.channel.rstrip("/")
    first = lock.channels[0].rstrip("/") if lock.channels else channel
    return spec if channel == first else f"{channel}::{spec}"


def pixi(request: Request) -> str:
    """Write rattler-lock 7 (`pixi.lock`)."""
    file = request.several()
    _warn_of_channels(file, request)
    # pixi needs `noarch` to link a package, so a missing value is read from the archive.
    return write_pixi(_with("build_number", file, request))


def condalock(request: Request) -> str:
    """Write conda-lock.yml (CEP 37)."""
    file = request.several()
    for lock in file.locks:
        _refuse_elsewhere(lock)
    _warn_of_channels(file, request)
    # An @EXPLICIT list has no dependencies, so they are read from the archives.
    return write_condalock(_with("depends", file, request))


def explicit(request: Request) -> str:
    """Write an `@EXPLICIT` list (CEP 23)."""
    lock = request.one()
    if lock.wheels:
        raise SpecError(
            "an @EXPLICIT list (CEP 23) cannot contain wheels",
            details=[f"{w.name} {w.version}" for w in lock.wheels[:10]],
            hint="use --format pixi or conda-lock",
        )
    _refuse_elsewhere(lock)
    return write_explicit(lock, [f"made by sealenv {__version__}"])


def _refuse_elsewhere(lock: Lock) -> None:
    """Refuse packages without their subdir in the URL: channels may store them elsewhere (CEP 15)."""
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
            "the platforms have different orders of channels, and the format has one list: "
            f"other tools use {', '.join(file.channels)} for all"
        )


def _with(key: str, file: LockFile, request: Request) -> LockFile:
    """Return the locks, with a missing field added from the archives of the packages."""
    if any(key not in p.record for lock in file.locks for p in lock.packages):
        return request.complete(file)
    return file
