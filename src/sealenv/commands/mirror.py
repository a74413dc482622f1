"""`mirror`: write the packages of locks to a channel folder, for any web server or bucket.

Archives are added under another name and renamed; nothing is overwritten or removed. repodata.json is
written after its archives, so that it never names a missing one, and before the other indexes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from sealenv.engine.client import Engine, started
from sealenv.errors import (
    ChannelError,
    DigestError,
    PrefixExistsError,
    UsageError,
    from_oserror,
)
from sealenv.fields import AbsolutePath, Bytes, Count, Texts
from sealenv.layout import is_link
from sealenv.locks import Lock, LockedPackage
from sealenv.progress import QUIET, Reporter
from sealenv.request import StrPath, named, several, words
from sealenv.request.subject import Subject, left_out
from sealenv.request.subject import subject as read_subject
from sealenv.store.archives import Store
from sealenv.system.filelock import FileLock
from sealenv.system.files import partial_file, write_atomic
from sealenv.system.hashing import hash_file
from sealenv.urls import is_address, redact

_MARKER = ".sealenv-mirror"
"""The marker of a folder that sealenv made; it is locked while one writes."""


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
    root = Path(os.path.abspath(dest))
    _check(root)
    with started() as (store, engine), store.in_use():
        packages = _fetch(found, engine, reporter, offline=offline)
        subdirs = sorted({"noarch", *(p.subdir for p in packages)})
        reporter.phase("mirror", f"adding to {root}")
        try:
            root.mkdir(parents=True, exist_ok=True)
            with FileLock(root / _MARKER).waiting():
                indexes = {subdir: _read_index(root / subdir) for subdir in subdirs}
                added = _missing(root, packages)
                for done, package in enumerate(added, 1):
                    _add(root, package, engine, store, reporter, offline=offline)
                    reporter.advance(done, len(added), "packages", package.fn)
                for subdir, index in indexes.items():
                    _write_index(root / subdir, index, packages)
                engine.index(root, subdirs)
        except OSError as error:
            raise from_oserror(error) from error
    notes = _notes(found)
    for note in notes:
        reporter.warn(note)
    return Mirrored(
        folder=root,
        packages=len(packages),
        added=len(added),
        bytes=sum((root / p.subdir / p.fn).stat().st_size for p in added),
        indexed=tuple(subdirs),
        notes=notes,
    )


def _check(root: Path) -> None:
    """Refuse a folder that is neither absent, empty, nor a channel that sealenv made."""
    if is_link(root) or (root.exists() and not root.is_dir()):
        raise PrefixExistsError(
            "this is not a folder", where=str(root), hint="name a folder, not a link"
        )
    content = list(root.iterdir()) if root.exists() else []
    if content and (not (root / _MARKER).is_file() or any(map(is_link, content))):
        raise PrefixExistsError(
            "the folder is not empty, and `sealenv mirror` did not make it",
            where=str(root),
            hint="mirror into another folder",
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


def _missing(root: Path, packages: Sequence[LockedPackage]) -> list[LockedPackage]:
    """Return the packages whose archives the channel does not have.

    Raises:
        DigestError: another archive has the same name, or one is damaged.
    """
    found = []
    wanted: dict[Path, LockedPackage] = {}
    wrong = []
    for package in packages:
        path = root / package.subdir / package.fn
        if wanted.setdefault(path, package).sha256 != package.sha256:
            wrong.append(f"{wanted[path].url} is not {package.url}")
        elif not os.path.lexists(path):
            found.append(package)
        elif is_link(path) or not path.is_file() or hash_file(path)[0] != package.sha256:
            wrong.append(f"{path} is not {package.url}")
    if wrong:
        raise DigestError(
            "the channel has other archives of the same name, or they are damaged",
            where=str(root),
            details=wrong,
            hint="nothing was written; mirror into another folder, or delete damaged archives",
        )
    return found


def _add(
    root: Path,
    package: LockedPackage,
    engine: Engine,
    store: Store,
    reporter: Reporter,
    *,
    offline: bool,
) -> None:
    """Copy an archive, and verify it; fetch it again if it was damaged in the cache."""
    if not store.verify(package):
        lock = Lock(platform=package.subdir, channels=(), packages=(package,))
        engine.fetch(lock, reporter, offline=offline)
    target = root / package.subdir / package.fn
    target.parent.mkdir(exist_ok=True)
    with store.path(package).open("rb") as source, partial_file(target) as file:
        shutil.copyfileobj(source, file, 1 << 20)


def _write_index(folder: Path, index: dict[str, Any], packages: Sequence[LockedPackage]) -> None:
    """Add the records of packages to repodata.json, as in their own channel."""
    for package in packages:
        if package.subdir == folder.name:
            record = {k: v for k, v in package.record.items() if v is not None}
            record |= {"sha256": package.sha256, "subdir": package.subdir}
            record["size"] = (folder / package.fn).stat().st_size
            group = "packages.conda" if package.fn.endswith(".conda") else "packages"
            index[group][package.fn] = record
    folder.mkdir(exist_ok=True)
    write_atomic(folder / "repodata.json", json.dumps(index).encode())


def _read_index(folder: Path) -> dict[str, Any]:
    """Read the repodata.json of a subdir; return an empty one if it is missing.

    Raises:
        ChannelError: it cannot be read.
    """
    path = folder / "repodata.json"
    empty = {"info": {"subdir": folder.name}, "packages": {}, "packages.conda": {}}
    try:
        index = {**empty, **json.loads(path.read_bytes())}
        index["packages"] | index["packages.conda"]  # both are mappings
    except FileNotFoundError:
        return empty
    except (ValueError, TypeError) as error:
        raise ChannelError(
            f"the index of the channel cannot be read: {error}",
            where=str(path),
            hint="mirror into another folder: no archive contains what its channel said of it",
        ) from error
    return index


def _notes(subjects: Sequence[Subject]) -> tuple[str, ...]:
    notes = []
    if names := [name for subject in subjects for name in left_out(subject)]:
        notes.append(f"not included, because pip installed them: {', '.join(names)}")
    wheels = {w.sha256 for subject in subjects for lock in subject.file.locks for w in lock.wheels}
    if wheels:
        what = "1 wheel" if len(wheels) == 1 else f"{len(wheels)} wheels"
        notes.append(f"{what} not included: a conda channel contains no wheels")
    return tuple(notes)
