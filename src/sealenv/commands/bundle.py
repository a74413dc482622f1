"""`bundle`: everything that an environment is made of, in one file."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sealenv._version import __version__
from sealenv.bootstrap.rebuild import PinnedMicromamba, platforms_for, render_rebuild
from sealenv.bootstrap.releases import Releases, parse_digests, pin_release
from sealenv.engine.client import Engine, micromamba_for, started
from sealenv.errors import CacheDamagedError, SpecError, UsageError, from_oserror
from sealenv.fields import AbsolutePath, Bytes, Count, Sha256, Texts
from sealenv.install.clobbers import clobbers_in_store, order_for_micromamba
from sealenv.install.steps import take_in, verified
from sealenv.locks import LockFile
from sealenv.naming import check_name
from sealenv.progress import QUIET, Reporter
from sealenv.request.arguments import StrPath, named, optional_path, words
from sealenv.request.subject import Subject, left_out
from sealenv.request.subject import subject as read_subject
from sealenv.store.archives import Store, archives_of
from sealenv.store.bundle import Bundle, is_bundle
from sealenv.store.bundle_manifest import (
    LOCK,
    BundleManifest,
    member_name,
    micromamba_member,
)
from sealenv.store.bundle_writer import Source, write_bundle
from sealenv.system.files import check_output

__all__ = ["Bundled", "bundle", "make_bundle"]

_README = """\
This is the environment {name}, made by sealenv {version}, for {platforms}.

With sealenv:     sealenv create -f FILE.sealenv --offline
Without Python:   unpack it anywhere (tar -xf FILE.sealenv), and there

  Linux, macOS:   sh install.sh [NAME]
  Windows:        install.bat [NAME]

--help shows the variables. The packages and micromamba are inside: no network is needed.
"""


class Bundled(msgspec.Struct, frozen=True, kw_only=True):
    """What `bundle` wrote.

    Attributes:
        file: the bundle.
        sha256: of the bundle.
        bytes: of the bundle.
        name: how the environment is called by default.
        platforms: those that it makes the environment for.
        members: how many files are inside.
        micromamba: subdir -> the version of the micromamba inside; empty where it is not run here.
        notes: what is not in it.
    """

    file: AbsolutePath
    sha256: Sha256
    bytes: Bytes
    name: str
    platforms: tuple[str, ...]
    members: Count
    micromamba: Annotated[dict[str, str], Meta(description="subdir -> version; empty: unknown")]
    notes: Texts


def bundle(
    what: StrPath,
    *,
    output: StrPath | None = None,
    force: bool = False,
    platforms: Sequence[str] = (),
    name: str | None = None,
    micromamba: str | None = None,
    micromamba_files: Mapping[str, StrPath] | None = None,
    micromamba_sha256: Sequence[str] = (),
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Bundled:
    """Write an environment or a lock with all of its packages into one file.

    `create(file=...)` makes the environment from it with no network; where there is no Python, the
    script in it does.

    Args:
        what: an environment, or a lock of any format.
        output: where to; without it NAME.sealenv in the current folder.
        force: replace that file.
        platforms: only these of a lock.
        name: how the environment is called by default.
        micromamba: the release whose digests are known; without it the package of the lock's channels.
        micromamba_files: subdir -> an executable of this machine.
        micromamba_sha256: digests, each HEX or SUBDIR=HEX.
        offline: what is in the cache must do.
        reporter: is told each step.

    Raises:
        OutputExistsError: something is at `output`.
        NotFoundError, SpecError: there is nothing to carry.
        FetchError: an archive cannot be had; its subclasses say why.
    """
    if str(output) == "-":
        raise UsageError(
            "a bundle is written into a file, not to the standard output",
            hint="name the file with -o",
        )
    given = {subdir: Path(file) for subdir, file in (micromamba_files or {}).items()}
    found = read_subject(named(what)).only(words(platforms))
    called = _name(found.name, named(what)) if name is None else name
    check_name(called)  # it becomes a path below
    known = parse_digests(words(micromamba_sha256), found.file.platforms)
    checked = {p: digest for p, digest in known.items() if p in given}
    of_release = {p: digest for p, digest in known.items() if p not in given}
    if micromamba is None:
        # Without a release, the package of the lock's channels: its digest is in their index.
        pinned = PinnedMicromamba(Releases.read().default, of_release)
    else:
        usable = [p for p in found.file.platforms if p not in given]
        pinned = pin_release(micromamba, of_release, usable)
    path = optional_path(output) or Path(f"{called}.sealenv")
    with contextlib.ExitStack() as stack:
        store, engine = stack.enter_context(started())
        carried = None
        if is_bundle(Path(named(what))):
            carried = stack.enter_context(verified(Path(named(what)), reporter))
        stack.enter_context(store.in_use())
        made = make_bundle(
            found, called, engine, store, path, reporter, pinned=pinned, given=given,
            checked=checked, offline=offline, force=force, carried=carried,
        )  # fmt: skip
        for note in made.notes:
            reporter.warn(note)
    return made


def _name(name: str, what: str) -> str:
    """The name of what is bundled, if an environment can be called that everywhere."""
    try:
        check_name(name, what)
    except UsageError as error:
        error.hint = "say with --name how the environment is to be called"
        raise
    return name


def make_bundle(
    subject: Subject,
    name: str,
    engine: Engine,
    store: Store,
    path: Path,
    reporter: Reporter,
    *,
    pinned: PinnedMicromamba,
    given: Mapping[str, Path],
    checked: Mapping[str, str] | None = None,
    offline: bool = False,
    force: bool = False,
    carried: Bundle | None = None,
) -> Bundled:
    """Write everything that an environment is made of into one file.

    The same locks, micromamba and version of sealenv give the same bytes.

    Args:
        subject: the exact packages.
        name: how the environment is called where nothing else is said.
        engine: fetches what is not in the store.
        store: where archives lie.
        path: the file.
        reporter: is told each step.
        pinned: the release of micromamba, with the digests that are known.
        given: a micromamba of this machine, by subdir.
        checked: the sha256 that it must have, by subdir, where it was said.
        offline: what is in the store must do.
        force: a file that is there may be replaced.
        carried: the bundle that the locks are from: its packages and micromamba go into the new one.

    Raises:
        OutputExistsError: something is at `path`.
        SpecError: a lock that cannot be carried.
        OfflineError, DigestError, FetchError: an archive cannot be had.
        FilesystemError: the file cannot be written.
    """
    check_name(name)
    check_output(path, force=force)
    locks = msgspec.structs.replace(subject.file, name=name)
    if not locks.locks or not all(lock.packages for lock in locks.locks):
        raise SpecError("nothing is locked: there is nothing to carry")
    reporter.phase("fetch", "fetching and verifying packages")
    for lock in locks.locks:
        if carried:
            take_in(carried, lock, store, engine)
        engine.fetch(lock, reporter, offline=offline)
    reporter.phase("micromamba", "finding one for each platform")
    sources: list[Source] = []
    digests: dict[str, str] = {}
    versions: dict[str, str] = {}
    for lock in locks.locks:
        member = micromamba_member(lock.platform)
        if carried and not (lock.platform in given or lock.platform in pinned.sha256):
            data = carried.read(member)
            if data is not None:  # it is of a stranger, and is not run here
                sources.append(Source(member, data=data))
                digests[lock.platform] = hashlib.sha256(data).hexdigest()
                versions[lock.platform] = ""
                continue
        found = micromamba_for(
            engine, lock, pinned, given, reporter, checked=checked or {}, offline=offline
        )
        if found is not None:
            sources.append(Source(member, path=Path(found.path)))
            digests[lock.platform] = found.sha256
            versions[lock.platform] = found.version
    inside = PinnedMicromamba(pinned.version, digests)
    scripts, left = _scripts(locks, name, inside, engine, store)
    sources += scripts
    sources += _archives(locks, store)
    data = msgspec.json.encode(locks, order="deterministic")
    sources.append(Source(LOCK, data=data))
    sources.append(Source("README.txt", data=_readme(name, locks).encode()))
    reporter.phase("bundle", f"writing {path.name}")

    def write() -> tuple[BundleManifest, str, int]:
        return write_bundle(
            path, sources, lambda done, total: reporter.advance(done, total, "bytes")
        )

    try:
        try:
            manifest, sha256, size = write()
        except CacheDamagedError:
            engine.fetch_again(locks.locks, reporter, offline=offline)
            manifest, sha256, size = write()
    except OSError as error:
        raise from_oserror(error) from error
    notes = (*_not_carried(subject), *left, *_notes(locks, versions))
    return Bundled(
        file=path,
        sha256=sha256,
        bytes=size,
        name=name,
        platforms=locks.platforms,
        members=len(manifest.members),
        micromamba=versions,
        notes=notes,
    )


def _readme(name: str, locks: LockFile) -> str:
    platforms = ", ".join(locks.platforms)
    return _README.format(name=name, version=__version__, platforms=platforms)


def _scripts(
    locks: LockFile, name: str, micromamba: PinnedMicromamba, engine: Engine, store: Store
) -> tuple[list[Source], list[str]]:
    """The scripts, and why one is not there."""
    found, left = [], []
    for kind in ("bat", "sh"):
        usable = [engine.complete(locks.lock_for(p)) for p in platforms_for(kind, locks.platforms)]
        try:
            usable = [order_for_micromamba(k, clobbers_in_store(k, store)[0]) for k in usable]
        except SpecError as error:
            left.append(f"there is no install.{kind}: {error.what} ({'; '.join(error.details)})")
            continue
        if usable:
            data = render_rebuild(kind, usable, name, micromamba, carried=True)
            found.append(Source(f"install.{kind}", data=data))
    return found, left


def _archives(locks: LockFile, store: Store) -> list[Source]:
    """Every archive once, whichever lock names it."""
    found: dict[str, Source] = {}
    for lock in locks.locks:
        for item in archives_of(lock):
            name = member_name(item)
            found[name] = Source(name, path=store.path(item))
    return list(found.values())


def _not_carried(subject: Subject) -> list[str]:
    names = left_out(subject)
    return [f"pip installed these, and they are not in it: {', '.join(names)}"] if names else []


def _notes(locks: LockFile, versions: Mapping[str, str]) -> list[str]:
    notes = []
    for platform in locks.platforms:
        if not (platforms_for("sh", [platform]) or platforms_for("bat", [platform])):
            notes.append(f"no script is for {platform}: there sealenv itself is needed")
        elif platform not in versions:
            notes.append(
                f"no micromamba for {platform} is inside: there the script downloads release "
                f"{Releases.read().default}"
            )
    return notes
