"""Mirror: the packages of locks as a channel folder that any web server or bucket can serve."""

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
        packages: how many it was to have.
        added: how many of them it did not have before.
        bytes: of the archives that were added.
        indexed: the subdirs whose index was written.
        notes: what is not in it.
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
        what: one or several environments or locks.
        dest: a folder that does not exist, an empty one, or a channel. Nothing in it is overwritten.
        platforms: only these of the locks.
        offline: what is in the cache must do.
        reporter: is told each step.

    Raises:
        UsageError: that is an address, or nothing.
        PrefixExistsError: the folder is not a channel.
        ChannelError, DigestError: it cannot be added to without loss.
        FetchError: an archive cannot be had.
    """
    if not os.fspath(dest).strip() or is_address(dest):
        raise UsageError(
            f"{redact(os.fspath(dest))!r} is not a folder: a mirror is written to one, of this machine",
            hint="name a folder, such as ./channel, and serve or copy that",
        )
    found = [read_subject(named(each)).only(words(platforms)) for each in several(what)]
    place = Path(os.path.abspath(dest))
    with started() as (store, engine), store.in_use():
        done = _mirror(found, engine, store, place, reporter, offline=offline)
        for note in done.notes:
            reporter.warn(note)
    return done


def _mirror(
    subjects: Sequence[Subject],
    engine: Engine,
    store: Store,
    folder: Path,
    reporter: Reporter,
    *,
    offline: bool = False,
) -> Mirrored:
    """Add what is missing, then index.

    The archives are there before an index names them, and each index file is replaced at one instant, so
    that readers may go on.
    """
    _refuse_unspeakable(folder)
    channel = ChannelFolder(folder)
    channel.check_place()
    reporter.phase("fetch", "fetching and verifying packages")

    packages: list[LockedPackage] = []
    for subject in subjects:
        for each in subject.file.locks:
            lock = msgspec.structs.replace(each, wheels=())
            engine.fetch(lock, reporter, offline=offline)
            packages += engine.complete(lock).packages
    packages = list({(p.subdir, p.fn, p.sha256): p for p in packages}.values())
    reporter.phase("mirror", f"adding to {folder}")
    try:
        channel.check_foreign(packages)
        with channel.locked():
            lacking = channel.lacking(packages)
            for done, package in enumerate(lacking, 1):
                try:
                    channel.add(package, store.path(package))
                except CacheDamagedError:
                    one = Lock(platform=package.subdir, channels=(), packages=(package,))
                    engine.fetch_again([one], reporter, offline=offline)
                    channel.add(package, store.path(package))
                reporter.advance(done, len(lacking), "packages", package.fn)
            touched = channel.note(packages)
            if touched:
                engine.index(folder, touched)
            channel.indexed()
    except OSError as error:
        raise from_oserror(error) from error
    size = sum((folder / p.subdir / p.fn).stat().st_size for p in lacking)
    return Mirrored(
        folder=folder,
        packages=len(packages),
        added=len(lacking),
        bytes=size,
        indexed=tuple(touched),
        notes=_notes(subjects),
    )


def _refuse_unspeakable(folder: Path) -> None:
    """The engine, which writes the index, is told the folder in UTF-8."""
    try:
        os.path.abspath(folder).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"the folder {os.path.abspath(folder)!a} is not named in UTF-8",
            hint="choose another folder",
        ) from None


def _notes(subjects: Sequence[Subject]) -> tuple[str, ...]:
    notes = []
    names = [name for subject in subjects for name in left_out(subject)]
    if names:
        notes.append(f"pip installed these, and they are not in it: {', '.join(names)}")
    wheels = {w.sha256 for subject in subjects for lock in subject.file.locks for w in lock.wheels}
    if wheels:
        what = "1 wheel is" if len(wheels) == 1 else f"{len(wheels)} wheels are"
        notes.append(f"{what} not in it: a conda channel holds none")
    return tuple(notes)
