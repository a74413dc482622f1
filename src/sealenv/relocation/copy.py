"""Copy an environment into a folder that is visibly pending, with hard links if wanted."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sealenv.errors import CheckFailedError, from_oserror
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
from sealenv.prefix.pending import clear_pending, read_plan, write_plan
from sealenv.progress import Reporter
from sealenv.relocation.plan import Relocation
from sealenv.seals.snapshot import FILE, Row, native
from sealenv.system.files import PART, final_path, open_regular
from sealenv.system.hashing import hash_files
from sealenv.system.volumes import refuse_full

_NOT_COPIED = frozenset({MARKER, PLAN, SEAL, FILES, MOVING, SCRATCH})
"""The files that describe the rest: the copy gets its own."""


def entries_of(source: Path) -> list[Entry]:
    """Return what is to be copied, parents before children.

    Raises:
        FilesystemError: it cannot be read.
    """
    try:
        return list(walk(source, skip=_NOT_COPIED))
    except OSError as error:
        raise from_oserror(error) from error


def refuse_no_room(place: Path, entries: Sequence[Entry]) -> None:
    """Refuse a destination whose disk has too little free space, before anything is written there.

    Raises:
        FilesystemError: the disk is full.
    """
    files = [e for e in entries if not (e.is_dir or e.is_link)]
    refuse_full(place, sum({_inode(e): e.status.st_size for e in files}.values()))


def shareable(move: Relocation, rows: Mapping[str, Row]) -> set[str]:
    """Return the files that a clone may share if they do not hold the path.

    These are unchanged since sealing (by size, time, inode and mode, as for `verify --fast`), and never
    written in place: files with the bytes of their package, and compiled Python.
    """
    sealed = move.table or {}
    unchanged = {
        path: row
        for path, row in rows.items()
        if row.kind == FILE and path in sealed and row.same_stat(sealed[path])
    }
    packaged = {
        entry.path
        for record in move.records
        for entry in record.paths_data.paths
        if entry.path_type == "hardlink"
        and entry.prefix_placeholder is None
        and entry.path in unchanged
        and sealed[entry.path].digest.hex() == entry.sha256
    }
    return packaged | {path for path in unchanged if path.endswith(".pyc")}


def copy_entries(
    source: Path,
    entries: Sequence[Entry],
    target: Path,
    reporter: Reporter,
    links: Collection[str] = (),
) -> tuple[set[str], int]:
    """Copy everything but the seal, with modes, times, links and hard links among the files.

    As root, owners stay owners. What a killed copy has left is deleted first. Files in
    `links` are shared if the file system has hard links.

    Returns:
        the files that were shared, and how many were copied.

    Raises:
        OSError: something cannot be read or written, or is in the way in the user folder.
    """
    _prepare(target, entries, reporter)
    for entry in entries:
        if entry.is_dir:
            _make_folder(_in(target, entry))
    shared = set()
    copied = 0
    first_names: dict[object, str | bytes] = {}
    files = [entry for entry in entries if not entry.is_dir]
    for number, entry in enumerate(files):
        if number % 200 == 0:
            reporter.advance(number, len(files), "files")
        if entry.relative in links and _link(entry.path, _in(target, entry)):
            shared.add(entry.relative)
        else:
            _copy_entry(entry, target, first_names)
            copied += not entry.is_link
    _finish_folders(source, target, entries)
    return shared, copied


def _link(path: str | bytes, other: str | bytes) -> bool:
    """Make another name of a file; false if the file system cannot."""
    try:
        os.link(path, other)
    except OSError:
        return False
    return True


def compare(source: Path, target: Path, entries: Sequence[Entry]) -> None:
    """Read both sides of a copy and compare them.

    Raises:
        CheckFailedError: they differ.
    """
    files = [e for e in entries if not (e.is_dir or e.is_link)]
    names = [e.relative.replace(os.sep, "/") for e in files]
    sizes = [e.status.st_size for e in files]
    digests = [hash_files([native(p, name) for name in names], sizes) for p in (source, target)]
    for name, one, other in zip(names, *digests, strict=True):
        if isinstance(other, OSError) or one != other:
            raise CheckFailedError(
                "the copy differs from the original",
                where=str(target / name),
                hint="did something write into the environment meanwhile? Run the same command again",
            )


def _prepare(target: Path, entries: Sequence[Entry], reporter: Reporter) -> None:
    """Delete what a killed copy has left, and write the plan of this one."""
    folder = target / USER_FOLDER  # `clear_pending` deletes nothing in it
    if folder.is_dir() and not is_link(folder):
        planned = read_plan(target)
        for entry in list(walk(folder)):
            path = f"{USER_FOLDER}/{entry.relative}"
            if not entry.is_dir and (path in planned or final_path(path, PART) in planned):
                os.unlink(entry.path)
    kept = clear_pending(target)
    if kept:
        reporter.warn(
            f"the pending folder held files that are not the environment's ({len(kept)}); they are "
            f"kept below {target / USER_FOLDER}"
        )
    write_plan(target, [e.relative.replace(os.sep, "/") for e in entries if not e.is_dir])


def _make_folder(path: str | bytes) -> None:
    """Create a folder, unless it exists; a link to one does not count."""
    try:
        os.mkdir(path)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            raise


def _copy_entry(entry: Entry, target: Path, first_names: dict[object, str | bytes]) -> None:
    """Copy a file or a link. Another name of a copied file becomes another name of the copy."""
    place = _in(target, entry)
    if entry.is_link and os.name == "nt" and entry.relative == PKGS:  # a junction
        from sealenv.store.archives import link_pkgs  # only on Windows

        link_pkgs(target, Path(os.readlink(entry.path).removeprefix("\\\\?\\")))
    elif entry.is_link:
        _copy_link(entry.path, place, entry.status)
    else:
        first = first_names.setdefault(_inode(entry), place)
        if first == place or not _link(first, place):
            _copy_file(entry.path, place, entry.status)


def _inode(entry: Entry) -> object:
    """Return what all names of a file have in common; `walk` does not know it on Windows."""
    return (entry.status.st_dev, entry.status.st_ino) if entry.status.st_ino else entry.path


def _finish_folders(source: Path, target: Path, entries: Sequence[Entry]) -> None:
    """Set owners, modes and times of folders, children first: writing into a folder changes them."""
    folders = [(_in(target, e), e.status) for e in entries if e.is_dir]
    for place, status in reversed([(os.fspath(target), os.lstat(source)), *folders]):
        _set_owner(place, status)
        os.chmod(place, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
        if os.name == "posix":
            os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))


def _in(target: Path, entry: Entry) -> str | bytes:
    if os.name == "nt":
        return native(target, entry.relative)
    return os.path.join(target, entry.relative)


def _copy_file(source: str | bytes, target: str | bytes, status: os.stat_result) -> None:
    """Copy a regular file to a name that does not exist."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with (
        open_regular(source, follow=False) as old,
        open(os.open(target, flags, 0o600), "wb") as new,
    ):
        shutil.copyfileobj(old, new, 1 << 20)
    shutil.copystat(source, target)
    if _set_owner(target, status):
        os.chmod(target, stat.S_IMODE(status.st_mode))


def _copy_link(source: str | bytes, target: str | bytes, status: os.stat_result) -> None:
    """Copy a symbolic link; its target need not exist."""
    text = os.readlink(os.fsdecode(source))
    os.symlink(text, os.fsdecode(target), target_is_directory=os.path.isdir(source))
    _set_owner(target, status)
    shutil.copystat(source, target, follow_symlinks=False)


def _set_owner(path: str | bytes, status: os.stat_result) -> bool:
    """Set the owner from a status and return True, if we are root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return False
    os.chown(path, status.st_uid, status.st_gid, follow_symlinks=False)
    return True
