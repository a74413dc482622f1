"""Put files back: each at one instant, through no link, and over nothing that belongs to the user."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

from sealenv.engine.client import Engine
from sealenv.errors import DigestError, FetchError, LinkError, OfflineError
from sealenv.layout import OUTSIDE, SCRATCH, is_link, leaves
from sealenv.portability.patch import patch_bytes
from sealenv.progress import Reporter
from sealenv.repairs.archives import Archives, install_aside
from sealenv.seals.compare import Comparison
from sealenv.seals.fingerprint import ENTRY_POINTS, promised
from sealenv.seals.snapshot import FOLDER
from sealenv.system.deleting import delete
from sealenv.system.files import OF_ALL
from sealenv.system.hashing import sha256_of

__all__ = ["clear", "make_way", "reinstall", "relink", "scratch_in", "set_mode"]

_ASIDE = "__clobbers__"


_OnePath = Callable[..., str]


def _alone(work: _OnePath) -> _OnePath:
    """Turn an error of the file system about one path into the reason why that one is left."""

    @functools.wraps(work)
    def wrapped(*args: object, **options: object) -> str:
        try:
            return work(*args, **options)
        except OSError as error:
            if error.errno in OF_ALL:
                raise
            return f"the file system refuses: {error.strerror or error}"

    return wrapped


def relink(
    comparison: Comparison,
    paths: Collection[str],
    archives: Archives,
    engine: Engine,
    reporter: Reporter,
) -> dict[str, str]:
    """Put files of packages back; return path -> why not (empty: done)."""
    paths = [path for path in paths if path not in archives.lost]
    if not paths:
        return {}
    reporter.phase("repair", "restoring files")
    reasons = {}
    try:
        with scratch_in(comparison.prefix) as scratch:
            if archives.packages.packages:
                engine.link(archives.packages, comparison.prefix, aside=scratch)
            for done, path in enumerate(paths, 1):
                reasons[path] = _put_back(comparison, path, scratch)
                reporter.advance(done, len(paths), "files", path)
    except (OfflineError, FetchError, DigestError) as error:
        # One was damaged in the cache and is not available: nothing is linked.
        return dict.fromkeys(paths, error.what)
    return reasons


def reinstall(
    comparison: Comparison,
    paths: Collection[str],
    archives: Archives,
    engine: Engine,
    environ: Mapping[str, str],
    lock_fd: int,
    reporter: Reporter,
) -> dict[str, str]:
    """Put files of wheels back with the environment's pip; return path -> why not (empty: done)."""
    paths = [path for path in paths if path not in archives.lost]
    if not paths:
        return {}
    reporter.phase("wheels", "restoring files of wheels")
    with scratch_in(comparison.prefix) as scratch:
        try:
            install_aside(comparison, archives.wheels, engine, environ, scratch, lock_fd)
        except LinkError as error:
            return dict.fromkeys(paths, "; ".join([error.what, *error.details[-1:]]))
        return {path: _put_back(comparison, path, scratch) for path in paths}


def clear(prefix: Path) -> None:
    """Delete the folder that an interrupted repair left."""
    if os.path.lexists(prefix / SCRATCH):
        delete(prefix / SCRATCH)


@contextlib.contextmanager
def scratch_in(prefix: Path) -> Iterator[Path]:
    """Make a folder in the prefix, one rename from each file's place, and delete it at the end."""
    scratch = prefix / SCRATCH
    scratch.mkdir()
    try:
        yield scratch
    finally:
        delete(scratch)


@_alone
def _put_back(comparison: Comparison, path: str, scratch: Path) -> str:
    """Replace a path by what the archives have; return why not (empty: done).

    Nothing is changed, and no folder made, before a matching file was found. `scratch` is where packages
    were linked, or wheels installed again, on the same file system.

    Raises:
        OSError: the disk is full or not writable.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    candidates = list(_candidates(comparison, scratch, path))
    for candidate in candidates:
        fits = _patch(comparison, path, candidate) or _fits(comparison, path, candidate, scratch)
        if fits or (
            _reword(comparison, path, candidate) and _fits(comparison, path, candidate, scratch)
        ):
            if problem := make_way(comparison, path):
                return problem
            then = comparison.as_sealed(path)
            mode = then.mode if then is not None and then.mode and os.name != "nt" else None
            _place(candidate, comparison.prefix / path, mode)
            return ""
    if not candidates:
        which = "package" if path in comparison.claims else "wheel"
        return f"the {which} has no such file"
    if path in comparison.claims:
        return "the package has other bytes: a link script changed the file after linking"
    return (
        "the wheel gives other bytes (launchers of Windows contain a time): install it again with pip, "
        "then: sealenv seal ENV"
    )


@_alone
def set_mode(comparison: Comparison, path: str) -> str:
    """Give a file or folder its sealed mode; return why not (empty: done)."""
    then = comparison.as_sealed(path)
    target = comparison.prefix / path
    if problem := _forbidden(path) or _led_through(comparison.prefix, target):
        return problem
    if then is None or is_link(target):
        return "it was replaced"
    # A hard link shares its mode with the cache and other environments, which get it too.
    target.chmod(then.mode)
    return ""


def _candidates(comparison: Comparison, scratch: Path, path: str) -> Iterator[Path]:
    """Find where linking may have put the file: in its place, or aside if two packages have it."""
    # A package that is linked alone has in its place what was kept aside.
    lost = [c.entry.original_path for c in comparison.claims.get(path, ()) if c.entry.original_path]
    names = [name for name in (path, *lost) if not leaves(name)]
    places = [scratch / name for name in names]
    if (scratch / _ASIDE).is_dir():
        aside = sorted((scratch / _ASIDE).iterdir())
        places += [folder / name for folder in aside for name in names]
    return (place for place in places if os.path.lexists(place) and not place.is_dir())


def _fits(comparison: Comparison, path: str, candidate: Path, scratch: Path) -> bool:
    """Return whether this is the sealed file, or the one that a record describes."""
    if is_link(candidate):
        digest = hashlib.sha256(os.fsencode(os.readlink(candidate))).digest()
    else:
        digest = sha256_of(os.fspath(candidate))
    then = comparison.as_sealed(path)
    if then is not None:
        return then.digest == digest
    promises = [promised(claim.entry) for claim in comparison.claims.get(path, ())]
    if path in comparison.of_distributions:
        recorded = comparison.of_distributions[path][1].sha256
        promises.append(recorded.hex() if recorded else None)
    if digest.hex() in promises:
        return True
    # conda records the size alone of an entry point.
    entries = [c.entry for c in comparison.claims.get(path, ()) if promised(c.entry) is None]
    sizes = {entry.size_in_bytes for entry in entries} - {None}
    if sizes and not is_link(candidate) and candidate.stat().st_size not in sizes:
        return False
    # Without a digest, only the file of this very name is taken.
    unknown = is_link(candidate) or None in promises
    return unknown and candidate == scratch / path


def _patch(comparison: Comparison, path: str, candidate: Path) -> bool:
    """Make a file of a Windows prefix relative again, if it was relative when it was sealed."""
    notes = comparison.seal.patched if comparison.seal else []
    note = next((n for n in notes if n.path == path), None)
    if note is None or is_link(candidate):
        return False
    content = patch_bytes(
        path, candidate.read_bytes(), comparison.prefix, platform=comparison.platform
    )
    if hashlib.sha256(content).hexdigest() != note.after:
        return False
    _rewrite(candidate, content)
    return True


def _reword(comparison: Comparison, path: str, candidate: Path) -> bool:
    """Indent an entry point with spaces, as conda and micromamba write it; py-rattler takes a tab."""
    entries = [claim.entry for claim in comparison.claims.get(path, ())]
    if not any(entry.path_type in ENTRY_POINTS for entry in entries) or is_link(candidate):
        return False
    content = candidate.read_bytes()
    if b"\n\t" not in content:
        return False
    _rewrite(candidate, content.replace(b"\n\t", b"\n    "))
    return True


def _rewrite(candidate: Path, content: bytes) -> None:
    mode = stat.S_IMODE(candidate.stat().st_mode)
    candidate.unlink()  # it may be a hard link into the cache
    candidate.write_bytes(content)
    candidate.chmod(mode)


def _place(candidate: Path, target: Path, mode: int | None) -> None:
    status = candidate.lstat()
    if mode is not None and stat.S_ISREG(status.st_mode) and stat.S_IMODE(status.st_mode) != mode:
        if status.st_nlink > 1:
            own = candidate.with_name(f".{candidate.name}.own")
            shutil.copy2(candidate, own)
            os.replace(own, candidate)
        candidate.chmod(mode)
    os.replace(candidate, target)


def _forbidden(path: str) -> str:
    """Return why a path may never be written: it is outside, or the user's; else nothing."""
    if leaves(path) or OUTSIDE & {path, path.partition("/")[0]}:
        return "packages may not write there"
    return ""


def _led_through(prefix: Path, target: Path) -> str:
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        if is_link(prefix / parent):
            return f"{parent} is a link, and repair writes through none: remove it first"
    return ""


def _in_the_way(comparison: Comparison, path: str) -> str:
    """Return why a file cannot be put there; change nothing."""
    prefix, target = comparison.prefix, comparison.prefix / path
    if problem := _forbidden(path) or _led_through(prefix, target):
        return problem
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        if not (prefix / parent).exists():
            break
        if not (prefix / parent).is_dir():
            return f"{parent} is not a folder: remove it first"
    if target.is_dir() and not is_link(target) and os.listdir(target):
        return "a folder that is not empty is there: remove it first"
    return ""


@_alone
def make_way(comparison: Comparison, path: str, *, file: bool = False) -> str:
    """Make the folders of a file, with their sealed modes; return what is in the way (empty: nothing).

    With `file`, a link, a FIFO or the like is removed.

    Raises:
        OSError: the disk is full or not writable.
    """
    if problem := _in_the_way(comparison, path):
        return problem
    prefix, target = comparison.prefix, comparison.prefix / path
    for parent in reversed(target.relative_to(prefix).parents[:-1]):
        folder = prefix / parent
        if not folder.exists():
            folder.mkdir()
            then = comparison.as_sealed(parent.as_posix())
            if then is not None and then.kind == FOLDER and os.name != "nt":
                folder.chmod(then.mode)
    if target.is_dir() and not is_link(target):
        target.rmdir()
    elif file and os.path.lexists(target) and (is_link(target) or not target.is_file()):
        target.unlink()
    return ""
