"""Plan a fix from findings, show it, apply it, and undo it. Each file is replaced in one step."""

from __future__ import annotations

import contextlib
import difflib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sealenv.checks.check import Cut, Finding, SetValue
from sealenv.checks.computer import LARGEST, Computer
from sealenv.checks.journal import FileNote, Journal, Journals, sync_folder
from sealenv.checks.registry import Registry, Value
from sealenv.checks.text import decode, digest_of, encode, lines_of, replaced
from sealenv.errors import ChangedSinceError, from_oserror
from sealenv.masking import masked, masked_value
from sealenv.system.files import read_regular, replace_like
from sealenv.system.temporary import final_path

__all__ = ["FileEdit", "Plan", "apply", "make_plan", "preview", "revert"]

_AGAIN = "run sealenv doctor again"


@dataclass(frozen=True)
class FileEdit:
    """One file that a fix changes.

    Attributes:
        path: as it was found.
        real: the file itself, if the path is a link.
        before: its bytes.
        after: its bytes afterwards.
    """

    path: Path
    real: Path
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Plan:
    """What a fix would change.

    Attributes:
        checks: the ids that were named.
        files: the files.
        values: the registry values.
        left: findings of these checks that have no fix.
    """

    checks: tuple[str, ...]
    files: tuple[FileEdit, ...]
    values: tuple[SetValue, ...]
    left: tuple[Finding, ...]


def make_plan(checks: Iterable[str], findings: Iterable[Finding]) -> Plan:
    """Return what the fixes of these findings change together.

    Raises:
        ChangedSinceError: a file changed after the check read it.
        OSError: it cannot be read.
    """
    cuts: dict[Path, list[Cut]] = {}
    values: dict[tuple[object, str], SetValue] = {}
    left = []
    for finding in findings:
        if not finding.changes:
            left.append(finding)
        for change in finding.changes:
            if isinstance(change, Cut):
                cuts.setdefault(change.path, []).append(change)
            else:
                values[change.key, change.name.lower()] = change
    files = [_edit(path, several) for path, several in cuts.items()]
    return Plan(tuple(checks), tuple(files), tuple(values.values()), tuple(left))


def _edit(path: Path, cuts: list[Cut]) -> FileEdit:
    real = Path(os.path.realpath(path))
    data = read_regular(real, most=LARGEST)
    if digest_of(data) != cuts[0].digest:
        raise ChangedSinceError("the file has changed", where=str(path), hint=_AGAIN)
    text = replaced(decode(data), [(cut.start, cut.end, cut.put) for cut in cuts])
    return FileEdit(path, real, data, encode(text, data))


def preview(plan: Plan, computer: Computer) -> Iterator[str]:
    """Yield what would change: a unified diff of each file, old and new of each value."""
    for edit in plan.files:
        yield from _notes(edit, computer)
        old, new = (
            [text[a:b].removesuffix("\n") for a, b in lines_of(text)]
            for text in (decode(edit.before), decode(edit.after))
        )
        for line in difflib.unified_diff(old, new, str(edit.real), str(edit.real), lineterm=""):
            yield line if line.startswith(("---", "+++")) else masked(line)
    for value in plan.values:
        yield f"{value.key}  {value.name}"
        yield f"-{masked_value(value.name, value.before)}"
        yield "(deleted)" if value.after is None else f"+{masked_value(value.name, value.after)}"


def _notes(edit: FileEdit, computer: Computer) -> Iterator[str]:
    """Yield what a diff does not show."""
    outside = not edit.real.is_relative_to(os.path.realpath(computer.home))
    if edit.path.is_symlink():
        where = ", outside of your home" if outside else ""
        yield f"note: {edit.path} is a link to {edit.real}{where}: that file is changed"
    elif outside:
        yield f"note: {edit.real} is not in your home: it changes for every user"


def apply(plan: Plan, kept: Journals, registry: Registry | None) -> Journal:
    """Make the changes of a plan.

    The journal is on the disk before the first change. A kill leaves each file old or new, and the
    journal. If a change fails, the changes before it are reverted.

    Raises:
        ChangedSinceError: a file or value has changed since the plan was made; nothing was changed.
        FilesystemError: another doctor is running, or the system refuses; nothing is changed.
    """
    with kept.locked():
        for edit in plan.files:
            if os.path.realpath(edit.path) != str(edit.real) or _content(edit.real) != edit.before:
                raise ChangedSinceError("the file has changed", where=str(edit.path), hint=_AGAIN)
        for change in plan.values:
            if _value(registry, change) != change.before:
                where = f"{change.key} {change.name}"
                raise ChangedSinceError("the value has changed", where=where, hint=_AGAIN)
        notes = [
            FileNote(str(edit.real), edit.before, digest_of(edit.before), digest_of(edit.after))
            for edit in plan.files
        ]
        journal = kept.write(plan.checks, notes, plan.values)
        try:
            for edit in plan.files:
                _replace(edit.real, edit.after)
            for change in plan.values:
                _set(registry, change, change.after)
        except OSError as error:
            _restore(journal, registry)
            kept.remove(journal)
            raise from_oserror(error) from error
    return journal


def revert(journal: Journal, kept: Journals, registry: Registry | None) -> None:
    """Restore what a fix changed, and remove its journal.

    Raises:
        ChangedSinceError: a file or value has changed since; nothing was changed.
        FilesystemError: another doctor is running, or the system refuses; the journal is kept.
    """
    with kept.locked():
        conflicts = list(_conflicts(journal, registry))
        if conflicts:
            later = [name for name in kept.names() if name > journal.name]
            first = f"undo the later fixes first: {', '.join(later)}; or " if later else ""
            path = kept.path_of(journal.name)
            raise ChangedSinceError(
                "it has changed since the fix, and the change would be lost",
                where=journal.name,
                details=conflicts,
                hint=f"{first}change it by hand; the old content is in {path}, in base64",
            )
        try:
            _restore(journal, registry)
            kept.remove(journal)
        except OSError as error:
            raise from_oserror(error) from error


def _conflicts(journal: Journal, registry: Registry | None) -> Iterator[str]:
    """Yield what is neither as before the fix nor as after it."""
    for note in journal.files:
        if _digest(note) not in (note.before_sha256, note.after_sha256):
            yield note.path
    for change in journal.values:
        if _value(registry, change) not in (change.before, change.after):
            yield f"{change.key} {change.name}"


def _restore(journal: Journal, registry: Registry | None) -> None:
    for note in journal.files:
        if _digest(note) == note.after_sha256:
            _replace(Path(note.path), note.before)
    for change in journal.values:
        if _value(registry, change) == change.after:
            _set(registry, change, change.before)


def _content(path: Path) -> bytes | None:
    """Return the bytes of a file; None if it does not exist, or is a link.

    Raises:
        FilesystemError: it cannot be read.
    """
    try:
        return None if path.is_symlink() else read_regular(path, most=2 * LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_oserror(error) from error


def _digest(note: FileNote) -> str | None:
    data = _content(Path(note.path))
    return None if data is None else digest_of(data)


def _replace(path: Path, data: bytes) -> None:
    """Replace a file, keeping its mode and owner, and remove what a killed doctor left beside it.

    Raises:
        OSError: with the name of the file.
    """

    def write(file: BinaryIO) -> None:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())

    for name in os.listdir(path.parent):
        if final_path(name) == path.name:
            with contextlib.suppress(OSError):
                os.unlink(path.parent / name)
    status = os.lstat(path)
    try:
        replace_like(os.fspath(path), write, status)
        if status.st_mode & stat.S_IWRITE or os.name != "nt":
            os.utime(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    sync_folder(path.parent)


def _value(registry: Registry | None, change: SetValue) -> object:
    """Return the text of a value now; None if it does not exist."""
    if registry is None:
        raise ChangedSinceError("this system has no registry", where=str(change.key))
    value = registry.value(change.key, change.name)
    return value.data if value else None


def _set(registry: Registry | None, change: SetValue, text: str | None) -> None:
    if registry is not None:
        value = None if text is None else Value(change.kind, text)
        registry.write(change.key, change.name, value)
