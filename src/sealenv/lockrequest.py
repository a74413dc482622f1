"""What to lock, and where to write it: the arguments of `lock` become a request."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sealenv.environment_yml import EnvironmentFile
from sealenv.errors import UsageError
from sealenv.lock import Lock, LockFile
from sealenv.lock.explicit import ExplicitList
from sealenv.lock.order import requested
from sealenv.lock.read import read_file
from sealenv.lockplace import DEFAULT_FILE, choose_output, read_previous
from sealenv.spec import EnvironmentSpec, build_spec, check_platform, package_name

__all__ = ["LockRequest", "choose", "find_lock"]


@dataclass(frozen=True)
class LockRequest:
    """What to lock.

    Attributes:
        specs: one a platform.
        output: the file to write; None for stdout.
        name: of the environment.
        previous: what the file, or the lock that is updated, holds now.
        update: the names of the packages that are to move; the others stay where they can.
        explicit: the list whose digests are filled in, instead of a solve.
        warnings: for the user.
    """

    specs: tuple[EnvironmentSpec, ...]
    output: Path | None
    name: str | None = None
    previous: LockFile | None = None
    update: tuple[str, ...] = ()
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
) -> LockRequest:
    """Decide, and refuse what cannot be meant, before anything is started.

    What is asked for comes from `packages`, else from the file, else from the lock that is written
    over, else it is what `create` makes. Platforms and channels that are not given come from the same
    lock, so that `lock` alone renews it.

    Raises:
        UsageError: arguments that contradict each other.
        SpecError: a file, channel or platform that is not right.
        OutputExistsError: the output is no lock of ours.
    """
    read = read_file(file) if file else None
    place = choose_output(output, file, read)
    previous = read_previous(place, force=force)  # refused here, before anything is solved
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
        platform = read.platform or check_platform(platforms[0] if platforms else None)
        spec = EnvironmentSpec((), (), platform, secrets=read.secrets)
        return LockRequest((spec,), place, previous=previous, explicit=read)
    asked = read if isinstance(read, EnvironmentFile) else None
    specs = []
    known = previous.platforms if previous else ()
    for platform in dict.fromkeys(platforms or known or [check_platform(None)]):
        old = find_lock(previous, check_platform(platform))
        specs.append(
            _spec(packages, asked, old, previous, channels, platform, exclude_newer, pypi_index)
        )
    return LockRequest(
        specs=tuple(specs),
        output=place,
        name=asked.name if asked else previous.name if previous else None,
        previous=previous,
        update=_check_update(update, previous),
        warnings=asked.warnings if asked else (),
    )


def _spec(
    packages: Sequence[str],
    asked: EnvironmentFile | None,
    old: Lock | None,
    previous: LockFile | None,
    channels: Sequence[str],
    platform: str,
    exclude_newer: str | None,
    pypi_index: str | None,
) -> EnvironmentSpec:
    """What is asked for on one platform."""
    for text in packages:
        if text[:1].isdigit() and text.replace(".", "").isdigit():
            raise UsageError(
                f"{text!r} is no package", hint=f"for a Python version: 'python={text}'"
            )
    if asked is None and packages:
        asked = EnvironmentFile("", None, (), tuple(packages))
        packages = ()
    elif asked is None and previous is not None:
        asked = EnvironmentFile(
            "", None, (), _old_specs(old, previous), variables=dict(previous.variables)
        )
        if previous.locks:
            asked = replace(asked, **_old_requirements(old or previous.locks[0]))
    if not channels and asked is not None and not asked.channels and previous is not None:
        channels = (old or previous.locks[0]).channels if previous.locks else ()
    return build_spec(
        file=asked, with_packages=packages, channels=channels, platform=platform,
        exclude_newer=exclude_newer, pypi_index=pypi_index,
    )  # fmt: skip


def _old_specs(old: Lock | None, previous: LockFile) -> tuple[str, ...]:
    """What a lock was asked for; for a new platform, what its first one was."""
    return requested(old or previous.locks[0]) if previous.locks else ()


def _old_requirements(lock: Lock) -> dict[str, Any]:
    """What pip was asked for, and where."""
    return {
        "requirements": lock.requirements,
        "index": lock.indexes[0] if lock.indexes else None,
        "extra_indexes": lock.indexes[1:],
        "find_links": lock.find_links,
    }


def _check_update(update: Sequence[str], previous: LockFile | None) -> tuple[str, ...]:
    if not update:
        return ()
    if previous is None:
        raise UsageError(
            "--update: there is no lock yet",
            hint=f"name it with -f or -o, or make it: sealenv lock -o {DEFAULT_FILE}",
        )
    names = {a.name for one in previous.locks for a in one.archives}
    for name in update:
        if name.lower() not in names:
            near = difflib.get_close_matches(package_name(name), sorted(names), n=4, cutoff=0.6)
            raise UsageError(
                f"--update {name}: it is not locked",
                details=[f"locked is {one}" for one in near],
                hint="name a package of the lock; to ask for another one, name it as SPEC",
            )
    return tuple(name.lower() for name in update)


def find_lock(file: LockFile | None, platform: str) -> Lock | None:
    """The lock for a platform, if there is one."""
    return next((one for one in file.locks if one.platform == platform), None) if file else None
