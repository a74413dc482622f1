"""Do what a plan says, and put back what a journal keeps; each file at one instant."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from sealenv.checkup.computer import LARGEST, digest_of
from sealenv.checkup.journal import (
    Damaged,
    FileNote,
    Journal,
    ValueNote,
    journals,
    new_journal,
    sync_folder,
)
from sealenv.checkup.plan import Plan
from sealenv.checkup.registry import Registry
from sealenv.errors import ChangedSinceError, FilesystemError, from_oserror
from sealenv.system.files import read_regular, replace_like
from sealenv.system.tempname import final_path

__all__ = ["apply", "undo"]

_AGAIN = "look again: sealenv doctor"


def apply(plan: Plan, folder: Path, registry: Registry | None) -> Journal:
    """Do it, in a folder that is `journal.locked`.

    The journal is on the disk before the first change. Who is killed leaves each file old or new, and
    the journal; what fails is put back as far as it was done.

    Raises:
        ChangedSinceError: something is not what the plan was made from; nothing was done.
        FilesystemError: the system refuses; nothing is changed.
    """
    for edit in plan.files:
        if (
            os.path.realpath(edit.path) != os.path.realpath(edit.real)
            or _now(edit.real) != edit.before
        ):
            raise ChangedSinceError("it changed meanwhile", where=str(edit.path), hint=_AGAIN)
    for change in plan.values:
        if registry is None or registry.value(change.key, change.name) != change.before:
            where = f"{change.key} {change.name}"
            raise ChangedSinceError("it changed meanwhile", where=where, hint=_AGAIN)
    journal = new_journal(plan)
    path = journal.write(folder)
    try:
        for edit in plan.files:
            _sweep(edit.real)
            _replace(edit.real, edit.after, os.lstat(edit.real))
            sync_folder(edit.real.parent)
        for change in plan.values:
            assert registry is not None
            registry.write(change.key, change.name, change.after)
    except OSError as error:
        _put_back(journal, registry)
        path.unlink()
        raise _named(error) from error
    return journal


def undo(journal: Journal, folder: Path, registry: Registry | None) -> None:
    """Put everything back and forget the journal, in a folder that is `journal.locked`.

    Raises:
        ChangedSinceError: something was changed since; nothing was done.
        FilesystemError: the system refuses; what was put back stays so, and the journal is kept.
    """
    conflicts = [str(c) for note in journal.files if (c := _conflict(note))]
    conflicts += [c for value in journal.values if (c := _value_conflict(value, registry))]
    if conflicts:
        raise ChangedSinceError(
            "it was changed since the fix: putting the old content back would lose that",
            where=journal.name,
            details=conflicts,
            hint=_later(journal, folder)
            or f"do it by hand; the old content is in {folder / (journal.name + '.json')}, in base64",
        )
    try:
        _put_back(journal, registry)
        (folder / f"{journal.name}.json").unlink()
        sync_folder(folder)
    except OSError as error:
        raise _named(error) from error


def _named(error: OSError) -> FilesystemError:
    """The error, of the file that was to be replaced: nobody knows the one that is half written."""
    name = error.filename2 or error.filename
    if isinstance(name, str):
        folder, last = os.path.split(name)
        error.filename = os.path.join(folder, final_path(last) or last)
    return from_oserror(error)


def _later(journal: Journal, folder: Path) -> str | None:
    """Which fix of the same things comes first to be undone."""
    ours = {note.place for note in journal.files}
    values = {(v.place, v.name.lower()) for v in journal.values}
    for other in journals(folder):
        if other.name <= journal.name:
            return None
        if isinstance(other, Damaged):
            continue
        theirs = {(v.place, v.name.lower()) for v in other.values}
        if ours & {note.place for note in other.files} or values & theirs:
            return f"a later fix changed it too: sealenv doctor --undo {other.name}, then this one again"
    return None


def _now(path: Path) -> bytes | None:
    """Return the bytes of a file; None: there is none, or a link.

    Raises:
        FilesystemError: it cannot be read.
    """
    try:
        return None if path.is_symlink() else read_regular(path, most=LARGEST + LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_oserror(error) from error


def _state(note: FileNote) -> str:
    """`old`, `new` or `other`."""
    now = _now(note.place)
    digest = None if now is None else digest_of(now)
    return {note.after_sha256: "new", note.before_sha256: "old"}.get(digest or "", "other")


def _conflict(note: FileNote) -> str | None:
    if _state(note) != "other":
        return None
    gone = "is gone" if not os.path.lexists(note.place) else "has other content now"
    return f"{note.place} {gone}"


def _value_conflict(note: ValueNote, registry: Registry | None) -> str | None:
    now = registry.value(note.place, note.name) if registry else None
    if registry is None or now not in (note.was, note.became):
        return f"{note.place} {note.name} is {now.shown(note.name) if now else 'not there'} now"
    return None


def _put_back(journal: Journal, registry: Registry | None) -> None:
    for note in journal.files:
        path = note.place
        _sweep(path)
        if _state(note) != "new":
            continue
        _replace(path, note.data, os.lstat(path))
        sync_folder(path.parent)
    for value in journal.values:
        if registry and registry.value(value.place, value.name) == value.became:
            registry.write(value.place, value.name, value.was)


def _replace(path: Path, data: bytes, status: os.stat_result) -> None:
    """Replace a file, with its mode, owner and extended attributes; its time is now."""
    replace_like(os.fspath(path), _writer(data, path), status)
    if status.st_mode & stat.S_IWRITE or os.name != "nt":
        os.utime(path)


def _writer(data: bytes, like: Path | None = None) -> Callable[[BinaryIO], object]:
    def write(file: BinaryIO) -> None:
        file.write(data)
        if like is not None and sys.platform == "linux":
            for name in _attributes(like):
                with contextlib.suppress(OSError):  # those of the system are its own
                    os.setxattr(file.fileno(), name, os.getxattr(like, name))
        file.flush()
        os.fsync(file.fileno())

    return write


def _attributes(path: Path) -> list[str]:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            return os.listxattr(path)
    return []


def _sweep(path: Path) -> None:
    """What a doctor that was killed has half written; we hold the lock, so nobody writes it now."""
    with contextlib.suppress(OSError):
        for name in os.listdir(path.parent):
            if final_path(name) == path.name:
                os.unlink(path.parent / name)
