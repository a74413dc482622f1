"""Copy an environment into a folder that is visibly pending, with hard links where that is asked for."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sealenv.errors import CheckFailedError, FilesystemError, PrefixExistsError, from_oserror
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
from sealenv.prefix.pending import clear_pending, kept_folder, read_plan, write_plan
from sealenv.progress import Reporter
from sealenv.relocation.relocation import Relocation
from sealenv.seals.snapshot import FILE, Row, native
from sealenv.store.view import link_pkgs
from sealenv.system.copying import bytes_on_disk, copy_file, copy_link, set_owner, set_times
from sealenv.system.files import rename_new
from sealenv.system.hashing import hash_files
from sealenv.system.temporary import PART, final_path

__all__ = ["compare", "copy_entries", "entries_of", "refuse_no_room", "shareable"]

_NOT_COPIED = frozenset({MARKER, PLAN, SEAL, FILES, MOVING, SCRATCH})
"""What describes the rest: the copy gets its own."""


def entries_of(source: Path) -> list[Entry]:
    """What is to be copied, parents before children.

    Raises:
        FilesystemError: it cannot be read, or holds something that is not a file, link or folder.
    """
    try:
        entries = list(walk(source, skip=_NOT_COPIED))
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
            hint="delete them, or end the program that made them; then run the same command again",
        )
    return entries


def refuse_no_room(place: Path, entries: Sequence[Entry]) -> None:
    """Refuse a destination on whose disk there is too little room, before anything is made there.

    Raises:
        FilesystemError: with how much there is.
    """
    sizes = {(e.status.st_dev, e.status.st_ino, e.path if os.name == "nt" else ""):
             bytes_on_disk(e.status) for e in entries if not (e.is_dir or e.is_link)}  # fmt: skip
    needed = sum(sizes.values()) + (16 << 20)
    folder = next((p for p in (place, *place.parents) if p.is_dir()), place)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FilesystemError(
            f"the disk is full: {needed >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(place),
            hint="make room, then run the same command again",
        )


def shareable(
    move: Relocation, rows: Mapping[str, Row], found: Collection[str] | None = None
) -> set[str]:
    """The files that a clone may share: as they were sealed, and never written in place.

    Decided by the file table and by size, time, inode and mode, as `verify --fast` does.

    Args:
        move: the relocation.
        rows: every path of the prefix.
        found: the files that hold the path. If given, the compiled Python that does not; else the files
            with a package's own bytes.
    """
    sealed = move.sealed
    as_sealed = {
        path: then
        for path, row in rows.items()
        if row.kind == FILE and (then := sealed.get(path)) is not None and row.same_stat(then)
    }
    if found is not None:
        return {path for path in as_sealed if path.endswith(".pyc") and path not in found}
    return {
        entry.path
        for record in move.records
        for entry in record.paths_data.paths
        if entry.path_type == "hardlink"
        and entry.prefix_placeholder is None
        and (row := as_sealed.get(entry.path)) is not None
        and row.digest.hex() == entry.sha256
    }


def copy_entries(
    source: Path,
    entries: Sequence[Entry],
    target: Path,
    reporter: Reporter,
    links: Collection[str] = (),
) -> tuple[set[str], int]:
    """Copy everything but the seal, as it is: modes, times, links, hard links among themselves.

    Holes stay holes, and as root owners stay owners. What a killed copy left in the target goes first.

    Args:
        source: the environment; the caller holds its lock.
        entries: what is in it.
        target: the caller holds its lock: it is pending.
        reporter: is shown the progress.
        links: files to be shared, where the file system does that.

    Returns:
        the files that were shared, and how many were copied.

    Raises:
        OSError: something cannot be read or written.
        PrefixExistsError: the user folder of the target is a link.
    """
    _prepare(target, entries, reporter)
    for entry in entries:
        if entry.is_dir:
            with contextlib.suppress(FileExistsError):
                os.mkdir(_in(target, entry))
    shared, copied, can_link = set(), 0, True
    first_names: dict[tuple[int, int], str | bytes] = {}
    for number, entry in enumerate(entries):
        if number % 200 == 0:
            reporter.advance(number, len(entries), "files")
        if entry.is_dir:
            continue
        if can_link and entry.relative in links:
            try:
                os.link(_raw(entry), _in(target, entry))
                shared.add(entry.relative)
                continue
            except OSError:  # another file system, or one without links, or too many of them
                can_link = entry.status.st_nlink > 1000
        _copy_entry(entry, target, first_names)
        copied += not entry.is_link
    _finish_folders(source, target, entries)
    return shared, copied


def compare(source: Path, target: Path, entries: Sequence[Entry]) -> dict[str, bytes]:
    """Read both sides of a copy and compare them by sha256.

    Returns:
        the sha256 of each file: path -> digest.

    Raises:
        CheckFailedError: they differ.
    """
    files = [e for e in entries if not (e.is_dir or e.is_link)]
    names = [e.relative.replace(os.sep, "/") for e in files]
    sizes = [e.status.st_size for e in files]
    there, here = (
        hash_files([native(place, name) for name in names], sizes) for place in (source, target)
    )
    digests = {}
    for name, one, other in zip(names, there, here, strict=True):
        if isinstance(other, OSError) or one != other:
            raise CheckFailedError(
                "the copy differs from the original",
                where=str(target / name),
                hint="did something write into the environment meanwhile? Run the same command again",
            )
        digests[name] = other
    return digests


def _prepare(target: Path, entries: Sequence[Entry], reporter: Reporter) -> None:
    """Clear what a killed run left in the target, and write down what is going to be there."""
    kept = _clear_user_folder(target, entries) + clear_pending(target)
    if kept:
        reporter.warn(
            f"the pending folder held files that are not the environment's ({len(kept)}); they are "
            f"kept below {target / USER_FOLDER}"
        )
    write_plan(target, [e.relative.replace(os.sep, "/") for e in entries if not e.is_dir])


def _finish_folders(source: Path, target: Path, entries: Sequence[Entry]) -> None:
    """Set owners, modes and times, children first: what was written into folders changed these."""
    folders = [(_in(target, e), e.status) for e in entries if e.is_dir]
    for place, status in reversed([(os.fspath(target), os.lstat(source)), *folders]):
        set_owner(place, status)
        os.chmod(place, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
        if os.name == "posix":
            set_times(place, status)


def _copy_entry(
    entry: Entry, target: Path, first_names: dict[tuple[int, int], str | bytes]
) -> None:
    """Copy a file or a link; a further name of a copied file becomes one of the copy.

    What is in the user folder already is the same: `_prepare` has cleared the rest. A file gets its name
    there when it is whole, so that a killed run leaves nothing that looks like the user's.
    """
    place = _in(target, entry)
    if entry.is_link:
        if not (_is_users(entry.relative) and os.path.lexists(place)):
            _copy_any_link(entry, place, target)
        return
    if entry.status.st_nlink > 1 and entry.status.st_ino:
        first = first_names.setdefault((entry.status.st_dev, entry.status.st_ino), place)
        if first != place and not os.path.lexists(place):
            with contextlib.suppress(OSError):  # a file system without hard links
                os.link(first, place)
                return
    if not _is_users(entry.relative):
        copy_file(_raw(entry), place, entry.status)
    elif not os.path.lexists(place):
        _copy_users(entry, os.fsdecode(place))


def _copy_users(entry: Entry, place: str) -> None:
    partial = os.path.join(
        os.path.dirname(place), f".{os.path.basename(place)}.{os.urandom(8).hex()}.part"
    )
    try:
        copy_file(_raw(entry), partial, entry.status)
        rename_new(Path(partial), Path(place))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def _copy_any_link(entry: Entry, place: str | bytes, target: Path) -> None:
    """Copy a link; on Windows `pkgs` is a junction."""
    if os.name == "nt" and entry.relative == PKGS:
        link_pkgs(target, Path(os.readlink(entry.path).removeprefix("\\\\?\\")))
        return
    copy_link(_raw(entry), place, entry.status)


def _clear_user_folder(target: Path, entries: Sequence[Entry]) -> list[str]:
    """Make room for what is going to be copied into `__home__`; nothing whole is deleted.

    What is there just as it is to be stays, and so does what has nothing to do with this copy.
    Other files of the same name, and what a killed copy wrote and is not in the source any more,
    are kept aside.

    Returns:
        the relative paths that were kept aside, below `__home__/kept-from-pending-N`.

    Raises:
        PrefixExistsError: the user folder is a link: nothing is written through it.
    """
    wanted = {e.relative: e for e in entries if _is_users(e.relative)}
    folder = target / USER_FOLDER
    if is_link(folder):
        raise PrefixExistsError(
            f"{USER_FOLDER} of the pending folder is a link: nothing is written through it",
            where=str(folder),
            hint="move the link away, then run the same command again",
        )
    if not folder.is_dir():
        return []
    planned = read_plan(target)
    kept: list[str] = []
    aside: Path | None = None
    for entry in reversed(list(walk(folder))):
        path = f"{USER_FOLDER}/{entry.relative}"
        to_be = wanted.get(path)
        if to_be is None and final_path(path, PART) in planned:
            os.unlink(entry.path)
        elif (to_be and not _is_same(entry, to_be)) or (to_be is None and path in planned):
            aside = aside or kept_folder(target)
            place = aside / entry.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(entry.path, place)
            kept.append(path)
    return sorted(kept)


def _is_users(relative: str) -> bool:
    return relative.startswith(f"{USER_FOLDER}/")


def _is_same(there: Entry, to_be: Entry) -> bool:
    if there.is_link or to_be.is_link:
        both = there.is_link and to_be.is_link
        return both and os.readlink(there.path) == os.readlink(to_be.path)
    if there.is_dir or to_be.is_dir:
        return there.is_dir and to_be.is_dir
    one, other = there.status, to_be.status
    return stat.S_ISREG(one.st_mode) and (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )


def _in(target: Path, entry: Entry) -> str | bytes:
    # An entry's path is in the locale's surrogates: os.fsencode gives its bytes again.
    if os.name == "nt":
        return native(target, entry.relative)
    return os.path.join(os.fsencode(target), os.fsencode(entry.relative))


def _raw(entry: Entry) -> str | bytes:
    return entry.path if os.name == "nt" else os.fsencode(entry.path)
