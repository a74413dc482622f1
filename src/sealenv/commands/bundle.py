"""`bundle`: write everything that an environment consists of into one file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from sealenv._version import __version__
from sealenv.bootstrap.rebuild import platforms_for, render_rebuild
from sealenv.bootstrap.scripts import PINNED, PinnedMicromamba
from sealenv.engine.client import Engine, micromamba_for, started
from sealenv.errors import CacheDamagedError, SpecError, UsageError, from_oserror
from sealenv.fields import AbsolutePath, Bytes, Count, Sha256, Texts
from sealenv.install.clobbers import clobbers_in_store, order_for_micromamba
from sealenv.locks import LockFile
from sealenv.naming import check_name
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, named, optional_path, words
from sealenv.request.subject import Subject, left_out
from sealenv.request.subject import subject as read_subject
from sealenv.store.archives import Store
from sealenv.store.bundle import (
    LOCK,
    BundleManifest,
    Source,
    is_bundle,
    member_name,
    micromamba_member,
    write_bundle,
)
from sealenv.system.files import check_output

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
        sha256: the digest of the bundle.
        bytes: the size of the bundle.
        name: the default name of the environment.
        platforms: the platforms of the locks.
        members: the number of files in it.
        micromamba: subdir -> the version of the micromamba in it; empty if unknown.
        notes: what is not included.
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
    micromamba: Mapping[str, StrPath] | None = None,
    offline: bool = False,
    reporter: Reporter = QUIET,
) -> Bundled:
    """Write an environment or a lock with all of its packages into one file.

    `create(file=...)` creates the environment from it offline; without Python, the script in it does.
    The same locks, micromamba and version of sealenv give the same bytes.

    Args:
        what: an environment, or a lock of any format.
        output: the file; default: NAME.sealenv in the current folder.
        force: replace that file.
        platforms: only these of a lock.
        name: the default name of the environment.
        micromamba: subdir -> your own executable; default: the package in the lock's channels.
        offline: use only the cache.
        reporter: receives each step.

    Raises:
        OutputExistsError: `output` exists.
        NotFoundError, SpecError: there is nothing to bundle.
        FetchError: an archive is not available; its subclasses say why.
    """
    if str(output) == "-":
        raise UsageError(
            "a bundle is written to a file, not to the standard output",
            hint="name the file with -o",
        )
    subject = _read(named(what), words(platforms), name)
    locks = subject.file
    given = _given(micromamba or {}, locks.platforms)
    path = optional_path(output) or Path(f"{locks.name}.sealenv")
    check_output(path, force=force)
    with started() as (store, engine), store.in_use():
        reporter.phase("fetch", "fetching and verifying packages")
        for lock in locks.locks:
            engine.fetch(lock, reporter, offline=offline)
        carried = _micromamba(locks, given, engine, reporter, offline=offline)
        versions = {platform: version for platform, (_, version) in carried.items()}
        programs = {platform: source for platform, (source, _) in carried.items()}
        scripts, missing = _scripts(locks, programs, engine, store)
        archives = {
            member_name(item): Source(member_name(item), path=store.path(item))
            for lock in locks.locks
            for item in lock.archives
        }
        readme = _README.format(
            name=locks.name, version=__version__, platforms=", ".join(locks.platforms)
        )
        sources = [
            *programs.values(),
            *scripts,
            *archives.values(),
            Source(LOCK, msgspec.json.encode(locks, order="deterministic")),
            Source("README.txt", readme.encode()),
        ]
        reporter.phase("bundle", f"writing {path.name}")
        try:
            manifest, sha256, size = _write(path, sources, reporter)
        except CacheDamagedError:
            engine.fetch_again(locks.locks, reporter, offline=offline)
            manifest, sha256, size = _write(path, sources, reporter)
    notes = (*_notes(left_out(subject), locks, versions), *missing)
    for note in notes:
        reporter.warn(note)
    return Bundled(
        file=path,
        sha256=sha256,
        bytes=size,
        name=locks.name or "",
        platforms=locks.platforms,
        members=len(manifest.members),
        micromamba=versions,
        notes=notes,
    )


def _read(what: str, platforms: Sequence[str], name: str | None) -> Subject:
    """Read the locks, and give them the name of the environment, which becomes a path."""
    if is_bundle(Path(what)):
        raise UsageError("this is a bundle already", where=what, hint="copy it")
    subject = read_subject(what, platforms=platforms)
    called = subject.name if name is None else name
    try:
        check_name(called, what if name is None else None)
    except UsageError as error:
        if name is None:
            error.hint = "choose a name for the environment with --default-name"
        raise
    if not subject.file.locks or not all(lock.packages for lock in subject.file.locks):
        raise SpecError("nothing is locked, so there is nothing to bundle")
    return replace(subject, file=msgspec.structs.replace(subject.file, name=called))


def _given(micromamba: Mapping[str, StrPath], platforms: Sequence[str]) -> dict[str, Path]:
    for platform, file in micromamba.items():
        if platform not in platforms:
            raise UsageError(
                f"--micromamba: {platform!r} is not a platform of this bundle",
                details=[f"platforms: {', '.join(platforms)}"],
                hint=f"write it as SUBDIR=FILE, such as {platforms[0]}=micromamba",
            )
        if not Path(file).is_file():
            raise UsageError(f"--micromamba: {file} is not a file", hint="check its path")
    return {platform: Path(file) for platform, file in micromamba.items()}


def _micromamba(
    locks: LockFile,
    given: Mapping[str, Path],
    engine: Engine,
    reporter: Reporter,
    *,
    offline: bool,
) -> dict[str, tuple[Source, str]]:
    """Return the executable and its version for each platform that has one."""
    reporter.phase("micromamba", "finding one for each platform")
    found = {}
    for lock in locks.locks:
        platform, member = lock.platform, micromamba_member(lock.platform)
        if platform in given:
            found[platform] = Source(member, given[platform].read_bytes()), ""
        elif made := micromamba_for(engine, lock, reporter, offline=offline):
            package, path = made
            found[platform] = Source(member, path=path), package.version
    return found


def _write(
    path: Path, sources: Sequence[Source], reporter: Reporter
) -> tuple[BundleManifest, str, int]:
    try:
        return write_bundle(path, sources, lambda n, of: reporter.advance(n, of, "bytes"))
    except OSError as error:
        raise from_oserror(error) from error


def _scripts(
    locks: LockFile, carried: Mapping[str, Source], engine: Engine, store: Store
) -> tuple[list[Source], list[str]]:
    """Return the install scripts, and notes on those that cannot be made."""
    digests = {platform: source.member().sha256 for platform, source in carried.items()}
    micromamba = PinnedMicromamba(PINNED.version, digests)
    found, missing = [], []
    for kind in ("bat", "sh"):
        chosen = [engine.complete(locks.lock_for(p)) for p in platforms_for(kind, locks.platforms)]
        try:
            ordered = [order_for_micromamba(k, clobbers_in_store(k, store)[0]) for k in chosen]
        except SpecError as error:
            missing.append(f"no install.{kind}: {error.what} ({'; '.join(error.details)})")
            continue
        if ordered:
            data = render_rebuild(kind, ordered, locks.name or "", micromamba, carried=True)
            found.append(Source(f"install.{kind}", data))
    return found, missing


def _notes(unlocked: Sequence[str], locks: LockFile, versions: Mapping[str, str]) -> Iterator[str]:
    """Yield what is not included."""
    if unlocked:
        yield f"not included, because no lock has them: {', '.join(unlocked)}"
    for platform in locks.platforms:
        if not (platforms_for("sh", [platform]) or platforms_for("bat", [platform])):
            yield f"no script for {platform}: install sealenv there"
        elif platform not in versions:
            release = PINNED.version
            yield f"no micromamba for {platform}: the script downloads release {release}"
