"""`mirror`: write the packages of locks to a channel folder, for any web server or bucket."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sealenv.engine.client import Engine, started
from sealenv.errors import CacheDamagedError, UsageError, from_oserror
from sealenv.fields import AbsolutePath, Bytes, Count, Texts
from sealenv.locks import Lock, LockedPackage
from sealenv.progress import QUIET, Reporter
from sealenv.request.arguments import StrPath, named, several, words
from sealenv.request.subject import Subject, left_out
from sealenv.request.subject import subject as read_subject
from sealenv.store.archives import Store
from sealenv.store.channel import ChannelFolder
from sealenv.urls import is_address, redact

__all__ = ["Mirrored", "mirror"]


class Mirrored(msgspec.Struct, frozen=True, kw_only=True):
    """What `mirror` did.

    Attributes:
        folder: the channel.
        packages: the number of packages in the locks.
        added: the number of packages that the channel did not have.
        bytes: the size of the added archives.
        indexed: the subdirs whose index was written.
        notes: what is not included.
    """

    folder: AbsolutePath
    packages: Count
    added: Count
    bytes: Bytes
    indexed: tuple[str, ...]
    notes: Texts


def mirror(
    what: StrPath | Sequence[StrPath],
    dest: StrPath,
    *,
    platforms: Sequence[str] = (),
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Mirrored:
    """Add every package of environments or locks to a channel folder, and index it.

    Args:
        what: environments or locks.
        dest: a folder that does not exist, an empty one, or one that `mirror` made. Nothing in it is
            overwritten.
        platforms: only these of the locks.
        offline: use only the cache.
        reporter: receives each step.

    Raises:
        UsageError: `dest` is an address, or empty.
        PrefixExistsError: the folder has other contents.
        ChannelError, DigestError: adding would change what the channel contains.
        FetchError: an archive is not available.
    """
    if not os.fspath(dest).strip() or is_address(dest):
        raise UsageError(
            f"{redact(os.fspath(dest))!r} is not a folder on this machine",
            hint="name a folder, such as ./channel, and serve or copy it",
        )
    found = [read_subject(named(each), platforms=words(platforms)) for each in several(what)]
    channel = ChannelFolder(Path(os.path.abspath(dest)))
    channel.check()
    with started() as (store, engine), store.in_use():
        packages = _fetch(found, engine, reporter, offline=offline)
        reporter.phase("mirror", f"adding to {channel.root}")
        try:
            with channel.locked():
                added = _add(channel, packages, engine, store, reporter, offline=offline)
                changed = channel.note(packages)
                if changed:
                    engine.index(channel.root, changed)
                channel.indexed()
        except OSError as error:
            raise from_oserror(error) from error
    notes = _notes(found)
    for note in notes:
        reporter.warn(note)
    return Mirrored(
        folder=channel.root,
        packages=len(packages),
        added=len(added),
        bytes=sum((channel.root / p.subdir / p.fn).stat().st_size for p in added),
        indexed=tuple(changed),
        notes=notes,
    )


def _fetch(
    subjects: Sequence[Subject], engine: Engine, reporter: Reporter, *, offline: bool
) -> list[LockedPackage]:
    """Fetch the packages of the locks, and complete their records from the archives."""
    reporter.phase("fetch", "fetching and verifying packages")
    packages: list[LockedPackage] = []
    for each in (lock for subject in subjects for lock in subject.file.locks):
        lock = msgspec.structs.replace(each, wheels=())
        engine.fetch(lock, reporter, offline=offline)
        packages += engine.complete(lock).packages
    return list({(p.subdir, p.fn, p.sha256): p for p in packages}.values())


def _add(
    channel: ChannelFolder,
    packages: list[LockedPackage],
    engine: Engine,
    store: Store,
    reporter: Reporter,
    *,
    offline: bool,
) -> list[LockedPackage]:
    """Copy the missing archives; fetch those again that were damaged in the cache."""
    missing = channel.lacking(packages)
    for done, package in enumerate(missing, 1):
        try:
            channel.add(package, store.path(package))
        except CacheDamagedError:
            lock = Lock(platform=package.subdir, channels=(), packages=(package,))
            engine.fetch_again([lock], reporter, offline=offline)
            channel.add(package, store.path(package))
        reporter.advance(done, len(missing), "packages", package.fn)
    return missing


def _notes(subjects: Sequence[Subject]) -> tuple[str, ...]:
    notes = []
    if names := [name for subject in subjects for name in left_out(subject)]:
        notes.append(f"not included, because pip installed them: {', '.join(names)}")
    wheels = {w.sha256 for subject in subjects for lock in subject.file.locks for w in lock.wheels}
    if wheels:
        what = "1 wheel" if len(wheels) == 1 else f"{len(wheels)} wheels"
        notes.append(f"{what} not included: a conda channel contains no wheels")
    return tuple(notes)
