"""Put files back from archives: each at one instant, through no link, over nothing of the user's."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sealenv.engine.client import Engine
from sealenv.errors import DigestError, FetchError, OfflineError, RecordError, SealenvError
from sealenv.layout import OUTSIDE, SCRATCH, is_link, leaves
from sealenv.locks import Lock, LockedPackage, LockedWheel
from sealenv.prefix.installed import installed_package
from sealenv.prefix.patches import patch_bytes
from sealenv.progress import Reporter
from sealenv.seals.compare import Comparison
from sealenv.seals.snapshot import FILE, FOLDER, LINK, link_bytes, row_of
from sealenv.seals.wheels import locked_wheel
from sealenv.system.deleting import delete
from sealenv.system.files import OF_ALL
from sealenv.system.hashing import sha256_of

_ASIDE = "__clobbers__"


def alone(work: Callable[..., str], comparison: Comparison, path: str, *more: Any) -> str:
    """Do work on one path; turn an error of the file system into the reason why it is left.

    Raises:
        OSError: the disk is full or not writable.
    """
    try:
        return work(comparison, path, *more)
    except OSError as error:
        if error.errno in OF_ALL:
            raise
        return f"the file system refuses: {error.strerror or error}"


def restore(
    comparison: Comparison,
    paths: Collection[str],
    engine: Engine,
    offline: bool,
    needed: bool,
    reporter: Reporter,
) -> dict[str, str]:
    """Put files of packages and wheels back; return path -> why not (empty: done).

    Raises:
        OfflineError, FetchError, DigestError: `needed`, and no archive is available.
    """
    archives = _obtain(comparison, paths, engine, offline=offline, reporter=reporter)
    reasons = archives.lost
    paths = [path for path in paths if path not in reasons]
    if not paths:
        if needed and archives.errors:
            raise archives.errors[0]
        return reasons
    reporter.phase("repair", "restoring files")
    scratch = comparison.prefix / SCRATCH  # one rename from each file's place
    scratch.mkdir()
    try:
        if archives.lock.packages:
            engine.link(
                archives.lock, comparison.prefix, aside=scratch, empty=lambda: delete(scratch)
            )
        _unpack_wheels(comparison, archives, engine, scratch)
        for done, path in enumerate(paths, 1):
            reasons[path] = alone(_put_back, comparison, path, scratch)
            reporter.advance(done, len(paths), "files", path)
    except (OfflineError, FetchError, DigestError) as error:
        # One was damaged in the cache and is not available: nothing is linked.
        return reasons | dict.fromkeys(paths, error.what)
    finally:
        delete(scratch)
    return reasons


def _put_back(comparison: Comparison, path: str, scratch: Path) -> str:
    """Replace a path by what the archives have; return why not (empty: done).

    Nothing is changed, and no folder made, before a matching file was found. `scratch` is where packages
    were linked and wheels unpacked, on the same file system.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    candidates = list(_candidates(comparison, scratch, path))
    for candidate in candidates:
        for content in _variants(comparison, path, candidate):
            if content is not None:
                mode = stat.S_IMODE(candidate.stat().st_mode)
                candidate.unlink()  # it may be a hard link into the cache
                candidate.write_bytes(content)
                candidate.chmod(mode)
            if _fits(comparison, path, candidate, scratch):
                if problem := make_way(comparison, path):
                    return problem
                then = comparison.as_sealed(path)
                # A hard link shares its mode with the cache.
                own = candidate.lstat().st_nlink == 1 and os.name != "nt"
                if own and then is not None and then.kind == FILE:
                    candidate.chmod(then.mode)
                os.replace(candidate, comparison.prefix / path)
                return ""
    if wheel := None if path in comparison.claims else wheel_of(comparison, path):
        pip = "sealenv run ENV -- pip install --force-reinstall --no-deps"
        return f"pip made it: {pip} {wheel.url}#sha256={wheel.sha256}; then: sealenv seal ENV"
    if not candidates:
        return "the package has no such file"
    return "the package has other bytes: a link script changed the file after linking"


def _candidates(comparison: Comparison, scratch: Path, path: str) -> Iterator[Path]:
    """Find where linking may have put the file: in its place, or aside if two packages have it."""
    # A package that is linked alone has in its place what was kept aside.
    lost = [c.entry.original_path for c in comparison.claims.get(path, ()) if c.entry.original_path]
    names = [name for name in (path, *lost) if not leaves(name)]
    folders = [scratch]
    if (scratch / _ASIDE).is_dir():
        folders += sorted((scratch / _ASIDE).iterdir())
    places = (folder / name for folder in folders for name in names)
    return (place for place in places if os.path.lexists(place) and not place.is_dir())


def _variants(comparison: Comparison, path: str, candidate: Path) -> Iterator[bytes | None]:
    """Yield the bytes that the file may have had: as linked (None), or patched."""
    yield None
    if is_link(candidate):
        return
    if comparison.patch_note(path):
        content, platform = candidate.read_bytes(), comparison.platform
        yield patch_bytes(path, content, comparison.prefix, platform=platform)


def _fits(comparison: Comparison, path: str, candidate: Path, scratch: Path) -> bool:
    """Return whether this is the sealed file, or the one that a record describes."""
    row = row_of(path, candidate.lstat())
    if row.kind == LINK:
        row.digest = hashlib.sha256(link_bytes(os.readlink(candidate))).digest()
    else:
        row.digest = sha256_of(os.fspath(candidate))
    for expected in comparison.expected(path):
        # Without a digest, only the file of this very name is taken.
        known = bool(expected.digest) or candidate == scratch / path
        if known and expected.kind in (None, row.kind) and expected.has_bytes_of(row):
            return True
    return False


def set_mode(comparison: Comparison, path: str) -> str:
    """Give a file or folder its sealed mode; return why not (empty: done)."""
    then = comparison.as_sealed(path)
    if problem := _forbidden(comparison, path):
        return problem
    if then is None or is_link(comparison.prefix / path):
        return "it was replaced"
    # A hard link shares its mode with the cache and other environments, which get it too.
    (comparison.prefix / path).chmod(then.mode)
    return ""


def _forbidden(comparison: Comparison, path: str) -> str:
    """Return why a path may never be written: outside, the user's, or below a link; else nothing."""
    if leaves(path) or OUTSIDE & {path, path.partition("/")[0]}:
        return "packages may not write there"
    for parent in _parents(path):
        if is_link(comparison.prefix / parent):
            return f"{parent} is a link, and repair writes through none: remove it first"
    return ""


def _parents(path: str) -> list[str]:
    """Return the folders above a path, the highest first."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _in_the_way(comparison: Comparison, path: str) -> str:
    """Return why a file cannot be put there; change nothing."""
    if problem := _forbidden(comparison, path):
        return problem
    for parent in _parents(path):
        folder = comparison.prefix / parent
        if folder.exists() and not folder.is_dir():
            return f"{parent} is not a folder: remove it first"
    target = comparison.prefix / path
    if target.is_dir() and not is_link(target) and os.listdir(target):
        return "a folder that is not empty is there: remove it first"
    return ""


def make_way(comparison: Comparison, path: str, delete_old: bool = False) -> str:
    """Make the folders of a file, with their sealed modes; return what is in the way (empty: nothing).

    With `delete_old`, what is in its place is removed too.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    for parent in _parents(path):
        folder = comparison.prefix / parent
        if not folder.exists():
            folder.mkdir()
            then = comparison.as_sealed(parent)
            if then is not None and then.kind == FOLDER and os.name != "nt":
                folder.chmod(then.mode)
    target = comparison.prefix / path
    if target.is_dir() and not is_link(target):
        target.rmdir()
    elif delete_old:
        target.unlink(missing_ok=True)
    return ""


@dataclass
class _Archives:
    """What files can be restored from.

    Attributes:
        lock: the packages to link again, each in the store.
        wheels: path -> the wheel that it comes from, in the store.
        lost: path -> why its archive is not available.
        errors: why archives are not available.
    """

    lock: Lock
    wheels: dict[str, LockedWheel]
    lost: dict[str, str]
    errors: list[SealenvError]


def _obtain(
    comparison: Comparison,
    paths: Collection[str],
    engine: Engine,
    *,
    offline: bool,
    reporter: Reporter,
) -> _Archives:
    """Fetch the archives that are not in the store; one that is not available costs only its own files.

    `paths` are those of packages and of locked wheels.
    """
    claims = comparison.claims
    owners = {p: {claim.package for claim in claims[p]} for p in paths if p in claims}
    wheels = {p: wheel for p in paths if p not in claims and (wheel := wheel_of(comparison, p))}
    names = set().union(*owners.values())
    noarch = {record.name for record in comparison.records if record.noarch == "python"}
    packages, lost = _packages(comparison, names | {"python"} if noarch & names else names)
    lock = Lock(
        platform=comparison.platform,
        channels=(),
        packages=tuple(packages),
        wheels=tuple({wheel.name: wheel for wheel in wheels.values()}.values()),
    )
    for wheel in lock.wheels:
        engine.store.verify(wheel)  # a damaged one is deleted, and fetched again
    reporter.phase("fetch", "fetching and verifying archives")
    failed = engine.fetch(lock, reporter, offline=offline, partly=True) if lock.archives else {}
    lost |= {p.name: failed[p.sha256].what for p in packages if p.sha256 in failed}
    if "python" in lost:  # it decides where their files are linked
        lost = dict.fromkeys(noarch, lost["python"]) | lost
    kept = tuple(package for package in packages if package.name not in lost)
    why = {path: lost[min(of)] for path, of in owners.items() if of <= lost.keys()}
    why |= {p: failed[w.sha256].what for p, w in wheels.items() if w.sha256 in failed}
    return _Archives(
        msgspec.structs.replace(lock, packages=kept, wheels=()),
        {path: wheel for path, wheel in wheels.items() if path not in why},
        why,
        list(failed.values()),
    )


def _packages(
    comparison: Comparison, names: Collection[str]
) -> tuple[list[LockedPackage], dict[str, str]]:
    """Return these packages, python first; name -> reason for those whose archive is unknown.

    The sha256 in the seal's lock wins over that of a record.
    """
    found, unknown = [], {}
    for record in sorted(comparison.records, key=lambda r: (r.name != "python", r.name)):
        if record.name not in names:
            continue
        try:
            package = installed_package(comparison.prefix, record.dist)
        except RecordError as error:
            unknown[record.name] = error.what
            continue
        dist, sha256 = comparison.locked.get(record.name, ("", ""))
        if dist == record.dist:
            package = msgspec.structs.replace(package, sha256=sha256)
        if package.url and package.sha256:
            found.append(package)
        else:
            unknown[record.name] = "its record does not name the archive"
    return found, unknown


def wheel_of(comparison: Comparison, path: str) -> LockedWheel | None:
    """Return the locked wheel that a path comes from; None if pip has replaced it since."""
    found = comparison.of_distributions.get(path)
    # Its RECORD may be what is missing.
    record = found[0].record if found else f"{path.partition('.dist-info/')[0]}.dist-info/RECORD"
    notes = comparison.seal.pip if comparison.seal else ()
    note = next((note for note in notes if note.record == record), None)
    return locked_wheel(comparison.wheels, note) if note else None


def _unpack_wheels(
    comparison: Comparison, archives: _Archives, engine: Engine, folder: Path
) -> None:
    """Write the files of wheels into another folder. What pip makes itself is not in the wheel."""
    notes = comparison.seal.pip if comparison.seal else ()
    for wheel in {wheel.name: wheel for wheel in archives.wheels.values()}.values():
        wanted = {path for path, of in archives.wheels.items() if of == wheel}
        record = next(note.record for note in notes if locked_wheel([wheel], note))
        site = record.rsplit("/", 2)[0]
        with zipfile.ZipFile(engine.store.path(wheel)) as archive:
            for name in archive.namelist():
                path = f"{site}/{name}"
                folder_name, data, rest = name.partition(".data/")
                if data and "/" not in folder_name:  # PEP 427; pip rewrites scripts
                    scheme, _, rest = rest.partition("/")
                    path = rest if scheme == "data" else f"{site}/{rest}"
                if path in wanted and not leaves(path):
                    (folder / path).parent.mkdir(parents=True, exist_ok=True)
                    with archive.open(name) as source, (folder / path).open("wb") as target:
                        shutil.copyfileobj(source, target)
