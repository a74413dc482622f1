"""The formats of `export`: pixi.lock, conda-lock.yml, `@EXPLICIT`, environment.yml, and scripts.

A format is a function from a `Request` to the text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from sealenv._version import __version__
from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
from sealenv.bootstrap.scripts import Releases
from sealenv.errors import SpecError, UsageError
from sealenv.install.clobbers import clobbers_in_prefix, clobbers_in_store, order_for_micromamba
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.request.lock import wishes
from sealenv.request.subject import Subject, origins
from sealenv.spec.environment_yml import write_environment_yml
from sealenv.spec.model import DEFAULT_INDEX, check_platform
from sealenv.store.archives import Store

SCRIPTS = ("sh", "bat")


@dataclass(frozen=True)
class Request:
    """A request to export an environment or a lock.

    Attributes:
        subject: the environment or lock.
        platform: one platform of a lock; None if it was not given.
        from_history: export the requested specs instead of the installed packages.
        name: the default name of the environment in a script.
        store: the cached archives, which show the paths that several packages contain.
        warn: called for everything that the export leaves out.
        complete: adds the fields that the lock lacks, from the archives of its packages.
    """

    subject: Subject
    platform: str | None = None
    from_history: bool = False
    name: str | None = None
    store: Store | None = None
    warn: Callable[[str], None] = lambda note: None
    complete: Callable[[LockFile], LockFile] = lambda file: file

    def one(self) -> Lock:
        """Return the lock for the chosen platform, for formats with one platform.

        Raises:
            UsageError: the lock has several platforms, none was chosen, and none is this machine's.
            SpecError: the lock does not have the chosen platform.
        """
        file = self.subject.file
        if self.platform is None and len(file.locks) == 1:
            return file.locks[0]
        here = check_platform(self.platform)
        if self.platform is None and here not in file.platforms:
            raise UsageError(
                f"the lock has several platforms ({', '.join(file.platforms)}), and the format has one",
                hint="choose one with --platform",
            )
        return file.lock_for(here, self.subject.source)

    def several(self) -> LockFile:
        """Return every platform, or the chosen one, for formats with several platforms.

        Raises:
            SpecError: the lock does not have the chosen platform.
        """
        return self.subject.only([check_platform(self.platform)] if self.platform else []).file


@dataclass(frozen=True)
class Format:
    """A format of `export`.

    Attributes:
        describe: one line for `--help`.
        write: returns the text for a request.
        mode: the file's permissions, before the umask.
    """

    describe: str
    write: Callable[[Request], str]
    mode: int = 0o666


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
    # pixi needs `noarch` to link a package, so a missing value is read from the archive.
    return write_pixi(_with("build_number", request.several(), request))


def condalock(request: Request) -> str:
    """Write conda-lock.yml (CEP 37)."""
    file = request.several()
    for lock in file.locks:
        _refuse_elsewhere(lock)
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


def _with(key: str, file: LockFile, request: Request) -> LockFile:
    """Return the locks, with a missing field added from the archives of the packages."""
    if any(key not in p.record for lock in file.locks for p in lock.packages):
        return request.complete(file)
    return file


def write_script(kind: str, request: Request) -> str:
    """Write one script for the requested platform, or for all platforms of this kind of script."""
    found = request.subject.only([request.platform] if request.platform else [])
    usable = platforms_for(kind, found.file.platforms)
    if not usable:
        raise UsageError(
            f"a .{kind} script does not run on {', '.join(found.file.platforms)}",
            hint="choose the other --format, or lock for another platform",
        )
    locks = [_linkable(found.file.lock_for(platform), request) for platform in usable]
    called = found.name if request.name is None else request.name
    script = render_rebuild(kind, locks, called, Releases.read().pinned)
    local = [p.fn for lock in locks for p in lock.packages if p.url.startswith("file:")]
    if local:
        request.warn(f"the script needs packages from folders of this machine: {_some(local)}")
    return script.decode()


def _linkable(lock: Lock, request: Request) -> Lock:
    """Order the packages so that, for clobbered paths, micromamba keeps the same files as `create`."""
    if request.subject.prefix is not None:
        return order_for_micromamba(lock, clobbers_in_prefix(request.subject.prefix))
    clobbers, unknown = clobbers_in_store(lock, request.store) if request.store else ({}, [])
    if unknown:
        request.warn(
            f"not in the cache, for {lock.platform}: {_some(unknown)}; if two packages contain the same "
            "path, the script may keep another file than create; a bundle does not have this problem"
        )
    return order_for_micromamba(lock, clobbers)


def _some(names: Sequence[str]) -> str:
    """Return the first name, and the number of the others."""
    more = len(names) - 1
    return f"{names[0]} and {more} more" if more else names[0]
