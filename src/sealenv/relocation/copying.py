"""Copy an environment into a folder that is visibly pending, and read it back."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from sealenv.errors import (
    CheckFailedError,
    FilesystemError,
    PrefixExistsError,
    SealenvError,
    from_oserror,
)
from sealenv.host.copying import copy_file, copy_link, set_times
from sealenv.host.readers import Readers
from sealenv.layout import (
    FILES,
    MARKER,
    MOVING,
    PKGS,
    PLAN,
    SCRATCH,
    SEAL,
    USER_FOLDER,
    Entry,
    is_link,
    walk,
)
from sealenv.pending import clear_pending, write_plan
from sealenv.progress import Reporter
from sealenv.seal.tree import native, root_of
from sealenv.store.view import link_pkgs

__all__ = ["copy_prefix", "entries_of", "half_made", "make_folders", "prepare"]

_NOT = frozenset({MARKER, PLAN, SEAL, FILES, MOVING, SCRATCH})
"""What tells of the rest: the copy gets its own."""


def copy_prefix(source: Path, target: Path, reporter: Reporter) -> dict[str, bytes]:
    """Copy everything but the seal, as it is: modes, times, links, hard links among themselves.

    Args:
        source: the environment; the caller holds its lock.
        target: the caller holds its lock: it is pending.
        reporter: is told.

    Returns:
        the sha256 of each file, as it was read back: path -> digest.

    Raises:
        FilesystemError: no room, or something is neither file nor link nor folder.
        OSError: something cannot be read or written.
        CheckFailedError: what was read back is not what was there.
        PrefixExistsError: the user folder of the target holds something else.
    """
    entries = entries_of(source)
    size = sum(e.status.st_size for e in entries if not (e.is_dir or e.is_link))
    _refuse_no_room(target, size)
    prepare(target, entries, reporter)
    files = [e for e in entries if not (e.is_dir or e.is_link)]
    _copy(source, target, entries, reporter)
    return _compare(source, target, files)


@contextlib.contextmanager
def half_made(hint: str) -> Iterator[None]:
    """While the target is pending: what goes wrong gets this as what to do next.

    Raises:
        FilesystemError: for what the operating system says.
    """
    try:
        yield
    except OSError as error:
        told = from_oserror(error)
        told.hint = hint
        raise told from error
    except SealenvError as error:
        error.hint = hint
        raise


def entries_of(source: Path) -> list[Entry]:
    """What is to be copied, parents before children.

    Raises:
        FilesystemError: it cannot be read, or holds what is no file, link or folder.
    """
    try:
        entries = list(walk(source, skip=_NOT))
    except OSError as error:
        raise from_oserror(error) from error
    odd = [
        e.relative for e in entries if not (e.is_dir or e.is_link or stat.S_ISREG(e.status.st_mode))
    ]
    if odd:
        raise FilesystemError(
            "there is something that is neither a file nor a link nor a folder, and cannot be copied",
            where=str(source),
            details=odd[:20],
            hint="remove it",
        )
    return entries


def prepare(target: Path, entries: Sequence[Entry], reporter: Reporter) -> None:
    """Clear what an earlier run left in the target, and write down what is going to be there."""
    if kept := clear_pending(target):
        reporter.warn(
            f"the pending folder held files that were not sealenv's ({len(kept)}); they are kept below "
            f"{target / USER_FOLDER}"
        )
    write_plan(target, [e.relative.replace(os.sep, "/") for e in entries if not e.is_dir])


def make_folders(target: Path, entries: Sequence[Entry]) -> None:
    """Every folder, for us to write into."""
    for entry in entries:
        if entry.is_dir:
            with contextlib.suppress(FileExistsError):
                os.mkdir(_in(target, entry))


def end_folders(target: Path, entries: Sequence[Entry]) -> None:
    """Their modes and times, children before parents: what was written into them changed these."""
    for entry in reversed(entries):
        if entry.is_dir:
            os.chmod(_in(target, entry), stat.S_IMODE(entry.status.st_mode) | stat.S_IRWXU)
            if os.name == "posix":
                set_times(_in(target, entry), entry.status)


def _copy(source: Path, target: Path, entries: Sequence[Entry], reporter: Reporter) -> None:
    make_folders(target, entries)
    first: dict[tuple[int, int], str | bytes] = {}
    for number, entry in enumerate(entries):
        place = _in(target, entry)
        if entry.is_link:
            copy_any_link(entry, place, target)
        elif not entry.is_dir:
            key = (entry.status.st_dev, entry.status.st_ino)
            twin = first.setdefault(key, place) if entry.status.st_nlink > 1 else place
            copy_one(entry, place, twin)
        if number % 200 == 0:
            reporter.advance(number, len(entries), "files")
    end_folders(target, entries)


def copy_one(entry: Entry, place: str | bytes, twin: str | bytes) -> None:
    """One file; a further name of one that was copied already becomes that again."""
    if twin != place:
        os.link(twin, place)
        return
    try:
        copy_file(_raw(entry), place, entry.status)
    except FileExistsError:
        # Only the user folder was not cleared: an earlier run of this has copied into it.
        _replace_own(entry, place)


def _replace_own(entry: Entry, place: str | bytes) -> None:
    there = os.lstat(place)
    same = stat.S_ISREG(there.st_mode) and there.st_mtime_ns == entry.status.st_mtime_ns
    if same and there.st_size == entry.status.st_size:
        return
    raise PrefixExistsError(
        "the pending folder holds a file of yours where one of the environment is to be",
        where=os.fsdecode(place),
        hint="move it away",
    )


def copy_any_link(entry: Entry, place: str | bytes, target: Path) -> None:
    """A link; on Windows `pkgs` is a junction."""
    if os.name == "nt" and entry.relative == PKGS:
        link_pkgs(target, Path(os.readlink(entry.path).removeprefix("\\\\?\\")))
        return
    if os.path.lexists(place) and is_link(Path(os.fsdecode(place))):
        return
    copy_link(_raw(entry), place, entry.status)


def _compare(source: Path, target: Path, files: Sequence[Entry]) -> dict[str, bytes]:
    """Both sides, read and compared by sha256."""
    names = [e.relative.replace(os.sep, "/") for e in files]
    sizes = [e.status.st_size for e in files]
    with Readers() as readers:
        tasks = [readers.sha256(root_of(place), names, sizes) for place in (source, target)]
        there, here = (task.finish() for task in tasks)
    digests = {}
    for name, one, other in zip(names, there, here, strict=True):
        if isinstance(one, OSError) or isinstance(other, OSError) or one != other:
            raise CheckFailedError(
                "what was copied is not what was there",
                where=str(target / name),
                hint="did something write into the environment meanwhile? Run the same command again",
            )
        digests[name] = other[0]
    return digests


def _refuse_no_room(target: Path, size: int) -> None:
    free = shutil.disk_usage(target).free
    needed = size + (16 << 20)
    if free < needed:
        raise FilesystemError(
            f"the disk is full: {needed >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(target),
            hint="make room, then run the same command again",
        )


def _in(target: Path, entry: Entry) -> str | bytes:
    # An entry's path is in the locale's surrogates: os.fsencode gives its bytes again.
    if os.name == "nt":
        return native(target, entry.relative)
    return os.path.join(os.fsencode(target), os.fsencode(entry.relative))


def _raw(entry: Entry) -> str | bytes:
    return entry.path if os.name == "nt" else os.fsencode(entry.path)
