"""`export`: write an environment or a lock in another format.

A format is a function from a `Request` to a text; `FORMATS` lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name

from sealenv import locations
from sealenv._version import __version__
from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
from sealenv.bootstrap.scripts import PINNED
from sealenv.engine.client import started
from sealenv.errors import SpecError, UsageError
from sealenv.fields import AbsolutePath, Bytes, Texts
from sealenv.install.clobbers import clobbers_in_prefix, clobbers_in_store, order_for_micromamba
from sealenv.install.resolve import complete as complete_lock
from sealenv.locks import Lock, LockedPackage, LockFile
from sealenv.locks.checks import folder_name
from sealenv.locks.condalock import write_condalock
from sealenv.locks.explicit import write_explicit
from sealenv.locks.pixi_write import write_pixi
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, named, optional_path
from sealenv.request.lock import wishes
from sealenv.request.subject import Subject, left_out, subject
from sealenv.spec.environment_yml import write_environment_yml
from sealenv.spec.model import DEFAULT_INDEX, check_platform, current_platform
from sealenv.store.archives import Store
from sealenv.system.files import check_output, write_output

SCRIPTS = ("sh", "bat")


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `export`.

    Attributes:
        output: the file; None if the export is in `text`.
        text: the export, if `output` is None.
        format: the name of the format.
        bytes: the size in UTF-8.
        notes: what the export does not contain.
    """

    output: AbsolutePath | None
    text: str | None
    format: str
    bytes: Bytes
    notes: Texts


def export(
    what: StrPath,
    *,
    format: str = "pixi",
    from_history: bool = False,
    platform: str | None = None,
    environment: str | None = None,
    output: StrPath | None = None,
    force: bool = False,
    name: str | None = None,
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Exported:
    """Write an environment or a lock in another format. Nothing is solved.

    Args:
        what: an environment, or a lock of any format.
        format: `pixi`, `explicit`, `conda-lock`, `environment-yml`, `sh` or `bat`.
        from_history: with `environment-yml`: the requested packages only.
        platform: only this platform of a lock.
        environment: the environment, if a pixi.lock has several.
        output: the file to write; default: return the text.
        force: replace an existing file.
        name: with `sh`, `bat`: the default name of the environment.
        offline: use only the cache.
        reporter: receives each step.

    Raises:
        UsageError, OutputExistsError: an argument is invalid; nothing was done.
        NotFoundError, SpecError, RecordError, DigestError: the input cannot be read, or lacks what the
            format needs.
    """
    _check_format(format, from_history=from_history, name=name)
    path = optional_path(output)
    if path is not None:
        check_output(path, force=force)  # now, not after reading it all
    found = subject(
        named(what),
        strict=format != "environment-yml",
        environment=environment,
        platforms=[check_platform(platform)] if platform is not None else [],
    )
    notes = list(_losses(found, format, environment))
    text = FORMATS[format](Request(found, from_history, name, notes.append, reporter, offline))
    if path is not None:
        mode = 0o777 if format == "sh" else 0o666  # before the umask
        write_output(path, text.encode(), force=force, mode=mode)
    return Exported(
        output=path,
        text=text if path is None else None,
        format=format,
        bytes=len(text.encode()),
        notes=tuple(notes),
    )


def _check_format(format: str, *, from_history: bool, name: str | None) -> None:
    """Refuse an unknown format, and options that it does not have."""
    if format not in FORMATS:
        raise UsageError(
            f"{format!r} is not a format",
            hint=f"choose one with --format: {', '.join(FORMATS)}",
        )
    if from_history and format != "environment-yml":
        raise UsageError(
            f"--from-history: {format} holds exact packages", hint="use --format environment-yml"
        )
    if format not in SCRIPTS and name is not None:
        raise UsageError("--default-name is for scripts", hint="use --format sh or --format bat")


def _losses(found: Subject, format: str, environment: str | None) -> Iterator[str]:
    """Yield what the export does not contain.

    Raises:
        SpecError: a script needs credentials.
    """
    if environment is None and (others := found.file.other_environments):
        yield f"it holds other environments too, and they are not in it: {', '.join(others)}"
    if names := left_out(found):
        yield (
            f"pip installed these, and they are not in it: {', '.join(names)}; to lock them, export "
            "an environment-yml and lock that"
        )
    if found.private and format in SCRIPTS:
        raise SpecError(
            "addresses in the lock carry credentials, and a script has none",
            where=found.title,
            hint="make a bundle, which needs no network, or mirror the packages",
        )
    if found.private:
        yield "credentials in the addresses of the lock are left out"


@dataclass(frozen=True)
class Request:
    """A request to export an environment or a lock.

    Attributes:
        subject: the environment or lock; if a platform was chosen, only that one.
        from_history: export the requested specs instead of the installed packages.
        name: the default name of the environment in a script.
        warn: called for everything that the export leaves out.
        reporter: receives the steps of reading archives.
        offline: read cached archives only.
    """

    subject: Subject
    from_history: bool
    name: str | None
    warn: Callable[[str], None]
    reporter: Reporter
    offline: bool

    def one(self) -> Lock:
        """Return the lock for a format with one platform: the only one, or that of this machine.

        Raises:
            UsageError: the lock has several platforms, and none is this machine's.
        """
        file, here = self.subject.file, current_platform()
        if len(file.locks) == 1:
            return file.locks[0]
        if here not in file.platforms:
            raise UsageError(
                f"the lock has several platforms ({', '.join(file.platforms)}), and the format has one",
                hint="choose one with --platform",
            )
        return file.lock_for(here)


def environment_yml(request: Request) -> str:
    """Write the exact packages, or the requested specs. Wheels go to a `pip:` section."""
    lock = request.one()
    if request.from_history:
        specs = list(wishes(lock, {}).dependencies)
    else:
        specs = [_exact(p, lock) for p in sorted(lock.packages, key=lambda p: p.name)]
    return write_environment_yml(
        name=request.subject.file.name,
        channels=[c.rstrip("/") for c in lock.channels],
        dependencies=specs,
        pip=_pip_section(lock, request),
        variables=request.subject.file.variables,
    )


def _pip_section(lock: Lock, request: Request) -> list[str]:
    """Return the lines of the `pip:` section.

    A wheel that was requested by URL, or installed from one, keeps it, so that no index replaces it. A
    package from a local folder is left out, with a warning.
    """
    asked = [*lock.requirements, *(line for w in lock.wheels for line in w.requires_dist)]
    by_url = {canonicalize_name(line.partition("@")[0].partition("[")[0].strip())
              for line in asked if "@" in line.partition(";")[0]}  # fmt: skip
    origins = {found.name: found.origin for found in request.subject.distributions}
    locked, unlocked = [], []
    for wheel in lock.wheels:
        exact = f"{wheel.name}=={wheel.version}"
        origin = origins.get(wheel.name)
        if wheel.url:
            locked.append(f"{wheel.name} @ {wheel.url}" if wheel.name in by_url else exact)
        elif origin and origin.startswith("file:"):
            request.warn(f"not included: {wheel.name}, which pip installed from {origin}")
        else:
            unlocked.append(f"{wheel.name} @ {origin}" if origin else exact)
    lines = [*((request.from_history and lock.requirements) or locked), *unlocked]
    if not lines:
        return []
    indexes = () if lock.indexes == (DEFAULT_INDEX,) else lock.indexes
    return [
        *(f"--index-url {url}" for url in indexes[:1]),
        *(f"--extra-index-url {url}" for url in indexes[1:]),
        *(f"--find-links {url}" for url in lock.find_links),
        *lines,
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
    return write_pixi(_with("build_number", request))


def condalock(request: Request) -> str:
    """Write conda-lock.yml (CEP 37)."""
    for lock in request.subject.file.locks:
        _refuse_elsewhere(lock)
    # An @EXPLICIT list has no dependencies, so they are read from the archives.
    return write_condalock(_with("depends", request))


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


def _with(key: str, request: Request) -> LockFile:
    """Return the locks, with a missing field added from the archives of the packages."""
    file = request.subject.file
    if all(key in p.record for lock in file.locks for p in lock.packages):
        return file
    with started() as (store, engine):
        store.prepare()
        with store.in_use():
            return complete_lock(file, engine, request.reporter, offline=request.offline)


def write_script(kind: str, request: Request) -> str:
    """Write one script for all platforms of this kind of script."""
    found = request.subject
    usable = platforms_for(kind, found.file.platforms)
    if not usable:
        raise UsageError(
            f"a .{kind} script does not run on {', '.join(found.file.platforms)}",
            hint="choose the other --format, or lock for another platform",
        )
    locks = [_linkable(found.file.lock_for(platform), request) for platform in usable]
    called = found.name if request.name is None else request.name
    script = render_rebuild(kind, locks, called, PINNED)
    local = [p.fn for lock in locks for p in lock.packages if p.url.startswith("file:")]
    if local:
        request.warn(f"the script needs packages from folders of this machine: {_some(local)}")
    return script.decode()


def _linkable(lock: Lock, request: Request) -> Lock:
    """Order the packages so that, for clobbered paths, micromamba keeps the same files as `create`."""
    if request.subject.prefix is not None:
        return order_for_micromamba(lock, clobbers_in_prefix(request.subject.prefix))
    clobbers, unknown = clobbers_in_store(lock, Store(Path(locations.cache_root())))
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


FORMATS: Mapping[str, Callable[[Request], str]] = {
    "pixi": pixi,
    "explicit": explicit,
    "conda-lock": condalock,
    "environment-yml": environment_yml,
    "sh": partial(write_script, "sh"),
    "bat": partial(write_script, "bat"),
}
