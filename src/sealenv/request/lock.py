"""What to lock, and where to write it: the arguments of `lock` become a request."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from sealenv.errors import UsageError
from sealenv.locks import Lock, LockedWheel, LockFile
from sealenv.locks.explicit import ExplicitList
from sealenv.locks.order import requested
from sealenv.locks.read import read_file
from sealenv.request.lock_output import DEFAULT_FILE, choose_output, read_previous
from sealenv.spec.environment_yml import EnvironmentFile
from sealenv.spec.matchspec import package_name
from sealenv.spec.model import EnvironmentSpec, build_spec, check_platform

__all__ = ["LockRequest", "choose", "find_lock", "wishes"]


_FILES = frozenset({".lock", ".txt", ".yaml", ".yml", ".sealenv"})


@dataclass(frozen=True)
class LockRequest:
    """What to lock.

    Attributes:
        specs: one a platform.
        output: the file to write; None for stdout.
        name: of the environment.
        previous: what the file, or the lock that is updated, holds now.
        update: the names of the packages that are to move; the others stay where they can.
        kept: the locks of other platforms, which stay as they are.
        explicit: the list whose digests are filled in, instead of a solve.
        warnings: for the user.
    """

    specs: tuple[EnvironmentSpec, ...]
    output: Path | None
    name: str | None = None
    previous: LockFile | None = None
    update: tuple[str, ...] = ()
    kept: tuple[Lock, ...] = ()
    explicit: ExplicitList | None = None
    warnings: tuple[str, ...] = field(default=())


def choose(
    *,
    packages: Sequence[str] = (),
    file: Path | None = None,
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    exclude_newer: str | None = None,
    pypi_index: str | None = None,
    update: Sequence[str] = (),
    output: str | None = None,
    force: bool = False,
    environment: str | None = None,
) -> LockRequest:
    """Decide, and refuse what cannot be meant, before anything is started.

    What is asked for comes from `packages`, else from the file, else from the lock that is written
    over, else it is what `create` makes. Platforms and channels that are not given come from the same
    lock, so that `lock` alone renews it. With a lock as the file, or with `update`, `packages` come to
    what it was asked for. A platform that is locked stays in the file: as it is where the lock is what
    is asked for, else solved for what is asked for now.

    Raises:
        UsageError: arguments that contradict each other.
        SpecError: a file, channel or platform that is not right.
        OutputExistsError: the output is not a lock of ours.
    """
    read = read_file(file, environment=environment) if file else None
    if environment is not None and not isinstance(read, LockFile):
        raise UsageError(
            f"--environment {environment}: only a pixi.lock holds several",
            hint="leave it out, or name the file with -f",
        )
    place = choose_output(output, file, read)
    standing = previous = read_previous(place, force=force)  # refused before anything is solved
    if isinstance(read, LockFile):
        previous = read
    elif place is None and not packages and file is None:
        previous = read_previous(Path(DEFAULT_FILE), force=force)
    if isinstance(read, ExplicitList):
        if packages or update or channels or exclude_newer or len(platforms) > 1:
            raise UsageError(
                f"{read.source} is a list of exact packages: only its digests are filled in",
                hint="leave the other options out",
            )
        platform = check_platform(platforms[0] if platforms else read.platform)
        if read.platform not in {None, platform}:
            raise UsageError(
                f"--platform {platform}: the list is for {read.platform}",
                where=read.source,
                hint="leave --platform out, or name a list for that platform",
            )
        variables = dict(previous.variables) if previous else {}
        spec = EnvironmentSpec((), (), platform, variables=variables, secrets=read.secrets)
        return LockRequest(
            (spec,), place, name=previous.name if previous else None, previous=previous,
            kept=_others({platform}, previous), explicit=read,
        )  # fmt: skip
    asked = read if isinstance(read, EnvironmentFile) else None
    if packages and asked is None and not update and not isinstance(read, LockFile):
        asked, packages = EnvironmentFile("", None, (), tuple(_checked(packages))), ()
    known = previous.platforms if previous else ()
    given = [check_platform(platform) for platform in platforms]
    wanted = [*given, *known] if asked or packages else given or known
    specs = [
        _spec(
            _checked(packages), asked, find_lock(previous, platform), previous, channels, platform,
            exclude_newer, pypi_index, update,
        )
        for platform in dict.fromkeys(wanted or [check_platform(None)])
    ]  # fmt: skip
    chosen = {spec.platform for spec in specs}
    moves = _check_update(update, previous, packages, file or place)
    return LockRequest(
        specs=tuple(specs),
        output=place,
        name=asked.name if asked else previous.name if previous else None,
        previous=previous,
        update=moves,
        kept=_others(chosen, previous, standing),
        warnings=_warnings(read, asked, environment),
    )


def _warnings(
    read: object, asked: EnvironmentFile | None, environment: str | None
) -> tuple[str, ...]:
    if asked is not None:
        return asked.warnings
    left = read.other_environments if isinstance(read, LockFile) and environment is None else ()
    text = ", ".join(left)
    return (f"the file holds other environments too, which are left alone: {text}",) if left else ()


def _others(chosen: set[str], *files: LockFile | None) -> tuple[Lock, ...]:
    """The locks of platforms that were not chosen, from the first file that has one."""
    found: dict[str, Lock] = {}
    for one in (lock for file in files if file for lock in file.locks):
        if one.platform not in chosen:
            found.setdefault(one.platform, one)
    return tuple(found.values())


def _checked(packages: Sequence[str]) -> Sequence[str]:
    for text in packages:
        if text[:1].isdigit() and text.replace(".", "").isdigit():
            raise UsageError(
                f"{text!r} is not a package", hint=f"for a Python version: 'python={text}'"
            )
        if Path(text).suffix in _FILES and os.path.isfile(text):
            raise UsageError(
                f"{text!r} is not a package, it is a file",
                hint=f"to lock what it asks for: -f {text}; a package of that name: '{text} *'",
            )
    return packages


def _spec(
    packages: Sequence[str],
    asked: EnvironmentFile | None,
    old: Lock | None,
    previous: LockFile | None,
    channels: Sequence[str],
    platform: str,
    exclude_newer: str | None,
    pypi_index: str | None,
    update: Sequence[str],
) -> EnvironmentSpec:
    """What is asked for on one platform; of a new one, what the first one of the lock was."""
    if previous is not None and previous.locks:
        old = old or previous.locks[0]
        asked = asked or wishes(old, previous.variables, update)
        channels = channels or (() if asked.channels else old.channels)
    return build_spec(
        file=asked, with_packages=packages, channels=channels, platform=platform,
        exclude_newer=exclude_newer, pypi_index=pypi_index,
    )  # fmt: skip


def _check_update(
    update: Sequence[str], previous: LockFile | None, packages: Sequence[str], where: Path | None
) -> tuple[str, ...]:
    if not update:
        return ()
    if previous is None:
        raise UsageError(
            "--update: there is no lock yet",
            hint="leave it out to make one, or name the lock: -f LOCK, -o LOCK",
        )
    names = {a.name for one in previous.locks for a in one.archives}
    names |= {package_name(text) for text in packages}
    found: dict[str, None] = {}
    for name in update:
        if package_name(name) != name.lower() or not name:
            raise UsageError(
                f"--update {name!r}: that is not a name of a package",
                hint="name one of the lock; for a version: sealenv lock 'NAME=1.0' --update NAME",
            )
        known = {
            name.lower(),
            canonicalize_name(name),
        } & names  # conda's, and the wheel's (PEP 503)
        found |= dict.fromkeys(sorted(known))
        if not known:
            near = difflib.get_close_matches(package_name(name), sorted(names), n=4, cutoff=0.6)
            file = f" -f {where}" if where and str(where) != DEFAULT_FILE else ""
            raise UsageError(
                f"--update {name}: it is not locked",
                details=[f"locked is {one}" for one in near],
                hint="name a package of the lock; to ask for another one besides: "
                f"sealenv lock{file} {name} --update {name}",
            )
    return tuple(found)


def find_lock(file: LockFile | None, platform: str) -> Lock | None:
    """The lock for a platform, if there is one."""
    return next((one for one in file.locks if one.platform == platform), None) if file else None


def wishes(lock: Lock, variables: Mapping[str, str], update: Sequence[str] = ()) -> EnvironmentFile:
    """What a lock was asked for, as a file would say it.

    Where the lock does not say, it is what no other package depends on, of conda's and of pip's, and
    Python stays at its minor version, unless `update` names it: all that is compiled hangs on that.
    """
    packages = list(requested(lock))
    python = lock.find("python")
    if not lock.specs and python is not None and "python" not in map(str.lower, update):
        packages = [p for p in packages if package_name(p) != "python"]
        packages.append(f"python={'.'.join(python.version.split('.')[:2])}")
    return EnvironmentFile(
        "", None, (), tuple(packages),
        variables=dict(variables),
        requirements=lock.requirements or tuple(_roots(lock.wheels)),
        index=lock.indexes[0] if lock.indexes else None,
        extra_indexes=lock.indexes[1:],
        find_links=lock.find_links,
    )  # fmt: skip


def _roots(wheels: Sequence[LockedWheel]) -> list[str]:
    """The wheels that no other one needs; of a circle without entry, all of it."""
    needs = {w.name: [n for n in map(_needed, w.requires_dist) if n] for w in wheels}
    wanted = {name for wheel, names in needs.items() for name in names if name != wheel}
    found = [name for name in needs if name not in wanted]
    reached = set(found)
    stack = list(found)
    while stack:
        new = {name for name in needs[stack.pop()] if name in needs} - reached
        reached |= new
        stack += new
    return sorted([*found, *(needs.keys() - reached)])


def _needed(text: str) -> str | None:
    """The name in a line of requires_dist; None for an extra's, which may not have been asked for."""
    try:
        one = Requirement(text)
    except InvalidRequirement:
        return None
    return None if one.marker and "extra" in str(one.marker) else canonicalize_name(one.name)
