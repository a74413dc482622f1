"""Turn the arguments of `lock` into a request: what to lock, and which file to write."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.errors import OutputExistsError, SpecError, UsageError
from sealenv.locks import Lock, LockFile
from sealenv.locks.explicit import ExplicitList
from sealenv.locks.model import requested, roots
from sealenv.locks.read import is_ours, read_file
from sealenv.naming import check_name, shown
from sealenv.request import no_environments
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.spec.machine import override_notes, read_machine
from sealenv.spec.matchspec import package_name
from sealenv.spec.model import EnvironmentSpec, build_spec, check_platform, parse_time
from sealenv.system.files import check_output

DEFAULT_FILE = "sealenv.lock"
_FILES = frozenset({".lock", ".txt", ".yaml", ".yml", ".sealenv"})


@dataclass(frozen=True)
class LockRequest:
    """What to lock.

    Attributes:
        specs: one for each platform.
        output: the file to write; None for stdout.
        name: the name of the environment.
        previous: the lock that is updated or overwritten.
        update: the packages to update; the others stay if possible.
        kept: the locks of other platforms, which stay unchanged.
        explicit: the list whose digests are filled in; nothing is solved.
        warnings: for the user.
    """

    specs: tuple[EnvironmentSpec, ...]
    output: Path | None
    name: str | None = None
    previous: LockFile | None = None
    update: tuple[str, ...] = ()
    kept: tuple[Lock, ...] = ()
    explicit: ExplicitList | None = None
    warnings: tuple[str, ...] = ()


def choose(
    *,
    packages: Sequence[str],
    file: Path | None,
    update: Sequence[str],
    output: str | None,
    force: bool,
    environment: str | None,
    **options: Any,
) -> LockRequest:
    """Turn the arguments of `lock` into a request, before anything is solved.

    The request comes from `packages`, else the file, else the existing lock, else it is that of
    `create`. Missing platforms and channels come from the existing lock, so that `lock` alone renews it.
    With a lock as the file, or with `update`, `packages` are added to its specs. Other platforms stay in
    the file: unchanged if the lock is the request, otherwise solved for the new request. `options` are
    those of `_specs`.

    Raises:
        UsageError: arguments contradict each other.
        SpecError: a file, channel or platform is invalid.
        OutputExistsError: the output exists and is not a lock of sealenv.
    """
    read = read_file(file, environment=environment) if file else None
    if environment is not None and not isinstance(read, LockFile):
        raise no_environments(environment)
    place = _output(output, file, read)
    overwritten = previous = _read_previous(place, force=force)  # refuse before solving
    if isinstance(read, LockFile):
        previous = read
    elif place is None and not packages and file is None:
        previous = _read_previous(Path(DEFAULT_FILE), force=force)
    if isinstance(read, ExplicitList):
        if packages or update or options["channels"] or options["exclude_newer"]:
            raise UsageError(
                f"{read.source} is a list of exact packages: only its digests are filled in",
                hint="leave the other options out",
            )
        return _fill(read, options["platforms"], place, previous)
    asked = read if isinstance(read, EnvironmentFile) else None
    _check_packages(packages)
    if packages and asked is None and not update and not isinstance(read, LockFile):
        asked, packages = EnvironmentFile("", None, (), tuple(packages)), ()
    specs = _specs(asked, packages, previous, update, **options)
    warnings = list(asked.warnings if asked else ())
    if isinstance(read, LockFile) and read.other_environments and environment is None:
        warnings.append(
            f"ignoring other environments in the file: {', '.join(read.other_environments)}"
        )
    return LockRequest(
        specs=specs,
        output=place,
        name=asked.name if asked else previous.name if previous else None,
        previous=previous,
        update=_check_update(update, previous, packages, file or place),
        kept=_others({spec.platform for spec in specs}, previous, overwritten),
        warnings=(*override_notes(), *warnings),
    )


def _specs(
    asked: EnvironmentFile | None,
    packages: Sequence[str],
    previous: LockFile | None,
    update: Sequence[str],
    *,
    channels: Sequence[str],
    platforms: Sequence[str],
    exclude_newer: str | None,
    machine: Path | None,
    **options: Any,
) -> tuple[EnvironmentSpec, ...]:
    """Return one spec for each platform: those that are given, and those of the lock.

    What the request leaves out is that of the lock. `options` are those of `build_spec`.
    """
    if exclude_newer is not None:
        exclude_newer = parse_time(exclude_newer).isoformat()  # one time for all platforms
    known = previous.platforms if previous else ()
    given = [check_platform(platform) for platform in platforms]
    wanted = [*given, *known] if asked or packages else given or known
    machines = read_machine(machine, wanted) if machine else {}
    specs = []
    for platform in dict.fromkeys(wanted or machines or [check_platform(None)]):
        wish, inherited = asked, channels
        if previous and previous.locks:
            old = find_lock(previous, platform) or previous.locks[0]
            wish = asked or wishes(old, previous.variables, update)
            inherited = channels or (() if wish.channels else old.channels)
        specs.append(
            build_spec(
                file=wish, with_packages=packages, channels=inherited, platform=platform,
                exclude_newer=exclude_newer, machine=machines, **options,
            )
        )  # fmt: skip
    return tuple(specs)


def _output(
    output: str | None, file: Path | None, read: LockFile | ExplicitList | EnvironmentFile | None
) -> Path | None:
    """Return the file to write; None for stdout.

    Raises:
        UsageError: the name is empty.
    """
    if output == "-":
        return None
    if output is not None:
        if not output.strip():
            raise UsageError("-o: an empty file name", hint="name the lock to write; - is stdout")
        return Path(output)
    if file is None or read is None:
        return Path(DEFAULT_FILE)
    if isinstance(read, LockFile):
        return file if is_ours(file) else Path(DEFAULT_FILE)
    name = read.name if isinstance(read, EnvironmentFile) else None
    if name and isinstance(read, EnvironmentFile):
        check_name(name, read.name_place)  # it becomes a file name
    return Path(f"{name or file.stem}.lock") if name or file.is_file() else Path(DEFAULT_FILE)


def _read_previous(place: Path | None, *, force: bool) -> LockFile | None:
    """Read the lock that will be overwritten.

    Raises:
        OutputExistsError: the file is not a lock of sealenv, or it is a link or a folder.
        NotFoundError: its folder does not exist.
    """
    if place is None:
        return None
    check_output(place, force=True)
    if not place.exists():
        return None
    if not is_ours(place):
        if force:
            return None
        raise OutputExistsError(
            "the file exists, and is not a lock that sealenv made",
            where=str(place),
            hint="name another one with -o, or --force",
        )
    try:
        read = read_file(place)
    except SpecError:
        if force:
            return None
        raise
    return read if isinstance(read, LockFile) else None


def _fill(
    given: ExplicitList, platforms: Sequence[str], place: Path | None, previous: LockFile | None
) -> LockRequest:
    """Return the request to fill the digests of a list in."""
    platform = check_platform(platforms[0] if platforms else given.platform)
    if len(platforms) > 1 or given.platform not in {None, platform}:
        raise UsageError(
            f"--platform {' '.join(platforms)}: the list is for {given.platform or 'one platform'}",
            where=given.source,
            hint="leave --platform out, or name a list for that platform",
        )
    variables = dict(previous.variables) if previous else {}
    return LockRequest(
        (EnvironmentSpec((), (), platform, variables=variables, secrets=given.secrets),),
        place,
        name=previous.name if previous else None,
        previous=previous,
        kept=_others({platform}, previous),
        explicit=given,
    )


def _others(chosen: set[str], *files: LockFile | None) -> tuple[Lock, ...]:
    """Return the locks of the other platforms, from the first file that has them."""
    found: dict[str, Lock] = {}
    for lock in (lock for file in files if file for lock in file.locks):
        if lock.platform not in chosen:
            found.setdefault(lock.platform, lock)
    return tuple(found.values())


def _check_packages(packages: Sequence[str]) -> None:
    for text in packages:
        if text[:1].isdigit() and text.replace(".", "").isdigit():
            raise UsageError(
                f"{text!r} is not a package", hint=f"for a Python version: 'python={text}'"
            )
        if Path(text).suffix in _FILES and os.path.isfile(text):
            raise UsageError(
                f"{text!r} is a file, not a package",
                hint=f"to lock what it requests: -f {text}; a package of that name: '{text} *'",
            )


def _check_update(
    update: Sequence[str], previous: LockFile | None, packages: Sequence[str], where: Path | None
) -> tuple[str, ...]:
    if not update:
        return ()
    if previous is None:
        raise UsageError(
            "--update: no lock exists yet",
            hint="leave it out to make one, or name the lock: -f LOCK, -o LOCK",
        )
    names = {archive.name for lock in previous.locks for archive in lock.archives}
    names |= {package_name(text) for text in packages}
    found: set[str] = set()
    for name in update:
        known = names & {name.lower(), canonicalize_name(name)}  # a wheel's name is PEP 503
        found |= known
        if not known:
            file = f" -f {where}" if where and str(where) != DEFAULT_FILE else ""
            raise UsageError(
                f"--update {name}: it is not locked",
                hint="name a locked package; to add one, or for a version: sealenv "
                f"lock{file} {shown(name)} --update {package_name(name)}",
            )
    return tuple(sorted(found))


def find_lock(file: LockFile | None, platform: str) -> Lock | None:
    """Return the lock for a platform; None if there is none."""
    return next((one for one in file.locks if one.platform == platform), None) if file else None


def wishes(lock: Lock, variables: Mapping[str, str], update: Sequence[str] = ()) -> EnvironmentFile:
    """Return the request of a lock, as a file would state it.

    If the lock does not store it, the request is what no other package depends on. Python then keeps its
    minor version, unless `update` names it.
    """
    packages = list(requested(lock))
    python = lock.find("python")
    if not lock.specs and python is not None and "python" not in map(str.lower, update):
        packages = [p for p in packages if package_name(p) != "python"]
        packages.append(f"python={'.'.join(python.version.split('.')[:2])}")
    needs = {w.name: [n for n in map(_needed, w.requires_dist) if n] for w in lock.wheels}
    return EnvironmentFile(
        "", None, (), tuple(packages),
        variables=dict(variables),
        requirements=lock.requirements or tuple(roots(needs)),
        index=lock.indexes[0] if lock.indexes else None,
        extra_indexes=lock.indexes[1:],
        find_links=lock.find_links,
    )  # fmt: skip


def _needed(text: str) -> str | None:
    """Return the name in a line of requires_dist; None for an extra, which is not requested."""
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return None
    extra = found.marker and "extra" in str(found.marker)
    return None if extra else canonicalize_name(found.name)
