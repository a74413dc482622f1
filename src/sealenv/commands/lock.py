"""`lock`: solve without installing, for any platform.

one spec per platform -> solve each, or fill in the digests of a list -> the lock file
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sealenv.commands.diff import Change, changes_between
from sealenv.engine.client import Engine, started
from sealenv.fields import AbsolutePath, Sha256
from sealenv.install.resolve import fill, resolve
from sealenv.locks import Lock, LockedPackage, LockedWheel, LockFile
from sealenv.locks.model import Package, Wheel, packages_of, wheels_of
from sealenv.locks.pixi_write import write_pixi
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, optional_path, words
from sealenv.request.lock import LockRequest, choose, find_lock
from sealenv.store.archives import Store
from sealenv.system.files import write_output

_NOTABLE = frozenset({"__cuda", "__glibc", "__osx"})
"""Virtual packages that decide which builds are chosen, and that seldom change on one machine."""


class LockedPlatform(msgspec.Struct, frozen=True, kw_only=True):
    """The lock of one platform."""

    platform: str
    digest: Sha256
    channels: tuple[str, ...]
    specs: tuple[str, ...]
    virtual_packages: tuple[str, ...]
    exclude_newer: str | None
    packages: tuple[Package, ...]
    wheels: tuple[Wheel, ...]


class Locked(msgspec.Struct, frozen=True, kw_only=True):
    """What `lock` found.

    Attributes:
        output: the file; None if the lock is in `text`.
        text: the lock, if `output` is None.
        written: whether the file was written; not with `dry_run`, or if it was already the same.
        renewed: whether the file was a lock before.
        name: the name of the environment, if the request has one.
        locks: the exact packages of each platform.
        changes: since the previous lock.
    """

    output: AbsolutePath | None
    text: str | None
    written: bool
    renewed: bool
    name: str | None
    locks: tuple[LockedPlatform, ...]
    changes: tuple[Change, ...]


def lock(
    packages: Sequence[str] = (),
    *,
    file: StrPath | None = None,
    channels: Sequence[str] = (),
    platforms: Sequence[str] = (),
    exclude_newer: str | None = None,
    pypi_index: str | None = None,
    update: Sequence[str] = (),
    environment: str | None = None,
    virtual_packages: Sequence[str] = (),
    machine: StrPath | None = None,
    output: StrPath | None = None,
    force: bool = False,
    offline: bool = False,
    dry_run: bool = False,
    reporter: Reporter = QUIET,
) -> Locked:
    """Solve a request, and write the exact packages to a lock. Nothing is installed.

    Args:
        packages: MatchSpecs. Without them and without `file`, the existing lock is renewed.
        file: an environment.yml, a list of specs, a lock, or an @EXPLICIT list.
        channels: by priority; default: those of the file, those of the lock, or conda-forge.
        platforms: subdirs; default: those of the lock, or that of this machine.
        exclude_newer: ignore packages built after this time (UTC), or less than `7d`, `2w`, `24h` ago.
        pypi_index: the package index for a `pip:` section.
        update: packages to update; others change only if they must.
        environment: the environment, if a pixi.lock has several.
        virtual_packages: properties of the machine to solve for, such as `__cuda=12.4`; `__cuda=` is a
            machine without it. They replace those of this machine, and those in `machine`.
        machine: a file with all of them, as `doctor --write-machine` writes it.
        output: the lock to write; `-` returns the text instead. Default: NAME.lock or sealenv.lock in
            the current folder.
        force: replace a file that is not a lock of sealenv.
        offline: use only the cache.
        dry_run: write nothing.
        reporter: receives each step.

    Raises:
        UsageError, SpecError, OutputExistsError: an argument is invalid; nothing was done.
        SolveError: no set of packages satisfies the request.
        FetchError: a channel cannot be read.
    """
    request = choose(
        packages=words(packages), file=optional_path(file), channels=words(channels),
        platforms=words(platforms), exclude_newer=exclude_newer, pypi_index=pypi_index,
        update=words(update), virtual_packages=words(virtual_packages), machine=optional_path(machine),
        output=None if output is None else str(output), force=force, environment=environment,
    )  # fmt: skip
    with started() as (store, engine), store.in_use():
        for warning in request.warnings:
            reporter.warn(warning)
        locked = _lock(request, engine, store, reporter, offline=offline)
    return _write(request, locked, dry_run=dry_run)


def _write(request: LockRequest, locked: LockFile, *, dry_run: bool) -> Locked:
    """Write the lock, unless the file is the same."""
    text = write_pixi(locked)
    place = request.output
    is_same = place is not None and place.is_file() and place.read_bytes() == text.encode()
    written = place is not None and not dry_run and not is_same
    if place is not None and written:
        write_output(place, text.encode(), force=True)  # `choose` checked the existing file
    changes = changes_between(request.previous, locked) if request.previous else []
    return Locked(
        output=place,
        text=text if place is None else None,
        written=written,
        renewed=request.previous is not None,
        name=locked.name,
        locks=tuple(map(_platform, locked.locks)),
        changes=tuple(changes),
    )


def _platform(one: Lock) -> LockedPlatform:
    return LockedPlatform(
        platform=one.platform,
        digest=one.digest(),
        channels=one.channels,
        specs=one.specs,
        virtual_packages=one.virtual_packages,
        exclude_newer=one.exclude_newer,
        packages=packages_of(one),
        wheels=wheels_of(one),
    )


def _lock(
    request: LockRequest, engine: Engine, store: Store, reporter: Reporter, *, offline: bool
) -> LockFile:
    """Return the lock for a request; the same channels give the same lock."""
    store.prepare()
    if request.explicit is not None:
        one = fill(request.explicit, request.specs[0].platform, engine, reporter, offline=offline)
        return _with_the_others(request, [one])
    for place in sorted({p for spec in request.specs for p in (*spec.indexes, *spec.find_links)}):
        if place.startswith("file:"):
            reporter.warn(f"the lock gets wheels from a folder on this machine: {place}")
    locks = []
    for spec in request.specs:
        keep, keep_wheels = _kept(request, spec.platform)
        new = resolve(spec, engine, reporter, offline=offline, keep=keep, keep_wheels=keep_wheels)
        locks.append(new)
        if note := _other_machine(find_lock(request.previous, new.platform), new):
            reporter.warn(note)
    return _with_the_others(request, locks)


def _other_machine(old: Lock | None, new: Lock) -> str | None:
    """Return a warning if the previous lock was made for a machine with other properties."""
    made_for = [text.partition("=")[::2] for text in old.virtual_packages] if old else []
    before = {name: rest.partition("=")[0] for name, rest in made_for if name in _NOTABLE}
    found = [text.partition("=")[::2] for text in new.virtual_packages]
    after = {name: rest.partition("=")[0] for name, rest in found}
    lost = [f"{name}={v}" for name, v in before.items() if after.get(name) != v]
    if not lost:
        return None
    options = " ".join(f"--virtual-package {entry}" for entry in lost)
    return f"{new.platform}: the previous lock was solved for {', '.join(lost)}; to keep that: {options}"


def _with_the_others(request: LockRequest, locks: Sequence[Lock]) -> LockFile:
    """Return the new locks and the unchanged locks of other platforms."""
    return LockFile(
        locks=tuple(sorted([*locks, *request.kept], key=lambda one: one.platform)),
        name=request.name,
        variables=dict(request.specs[0].variables),
    )


def _kept(
    request: LockRequest, platform: str
) -> tuple[tuple[LockedPackage, ...], tuple[LockedWheel, ...]]:
    """Return the packages and wheels that `--update` does not name."""
    old = find_lock(request.previous, platform) if request.update else None
    if old is None:
        return (), ()
    packages = tuple(p for p in old.packages if p.name not in request.update)
    return packages, tuple(w for w in old.wheels if w.name not in request.update)
