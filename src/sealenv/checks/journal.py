"""Fixes: made at one instant for each file, written down before, and undone.

The folder of the journals holds one JSON file for each fix that can be undone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from sealenv.checks.check import SetValue
from sealenv.checks.computer import LARGEST
from sealenv.errors import ChangedSinceError, FilesystemError, NotFoundError, from_oserror
from sealenv.system.filelock import FileLock
from sealenv.system.files import final_path, read_regular, replace_like, write_atomic
from sealenv.system.registry import Registry, Value

__all__ = ["FileEdit", "Fix", "Journals"]

_VERSION = 3
_NAME = re.compile(r"\d{8}T\d{12}Z-[a-z0-9+-]+\.json")


class FileEdit(msgspec.Struct, frozen=True):
    """One file that a fix changes.

    Attributes:
        path: as it was found.
        real: the file itself, if the path is a link.
        before: its bytes.
        after: its bytes afterwards.
    """

    path: str
    real: str
    before: bytes
    after: bytes


class Fix(msgspec.Struct, frozen=True):
    """What a fix changes, and the content of its journal.

    Attributes:
        name: of the journal.
        made: when, in UTC.
        checks: the ids that were named.
        files: the files.
        values: the values of the registry.
        version: of the format.
    """

    name: str
    made: str
    checks: tuple[str, ...]
    files: tuple[FileEdit, ...]
    values: tuple[SetValue, ...]
    version: int = _VERSION

    @classmethod
    def new(cls, checks: list[str], files: list[FileEdit], values: list[SetValue]) -> Fix:
        """Return a fix with a name that sorts by time."""
        now = datetime.now(timezone.utc)
        name = f"{now:%Y%m%dT%H%M%S%f}Z-{'+'.join(checks)}"
        made = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return cls(name, made, tuple(checks), tuple(files), tuple(values))


class Journals:
    """The folder of the journals.

    Args:
        registry: of Windows; None elsewhere.
        folder: by default `doctor` in the user's data folder of sealenv.
    """

    def __init__(self, registry: Registry | None, folder: Path | None = None) -> None:
        import platformdirs

        data = platformdirs.user_data_dir("sealenv", appauthor=False)
        self.folder = folder or Path(data) / "doctor"
        self._registry = registry

    def path_of(self, name: str) -> Path:
        """Return the file of a journal."""
        return self.folder / f"{name}.json"

    def names(self) -> list[str]:
        """Return the fixes that can be undone, the latest first."""
        try:
            found = sorted(os.listdir(self.folder), reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name.removesuffix(".json") for name in found if _NAME.fullmatch(name)]

    def find(self, wanted: str | None) -> Fix:
        """Return a fix that can be undone.

        Args:
            wanted: its name, or the id of a check for its latest fix; None: the latest fix.

        Raises:
            NotFoundError: no fix matches.
            FilesystemError: its journal is damaged.
        """
        names = self.names()
        for name in names:
            checks = name.partition("-")[2].split("+")
            if wanted is None or wanted == name or wanted in checks:
                return self._read(name)
        raise NotFoundError(
            f"no fix of {wanted} can be undone" if wanted else "no fix can be undone",
            where=str(self.folder),
            hint=f"fixes that can be undone: {', '.join(names)}" if names else None,
        )

    def _read(self, name: str) -> Fix:
        path = self.path_of(name)
        try:
            fix = msgspec.convert(json.loads(read_regular(path)), Fix)
            if fix.version != _VERSION:
                raise ValueError("another version of sealenv wrote it")
        except OSError as error:
            raise from_oserror(error) from error
        except ValueError as error:
            hint = "to undo another fix: sealenv doctor --undo NAME"
            what = f"the journal of a fix cannot be used: {error}"
            raise FilesystemError(what, where=str(path), hint=hint) from error
        return fix

    def apply(self, fix: Fix) -> None:
        """Make the changes of a fix.

        The journal is on the disk before the first change. A kill leaves each file old or new, and
        the journal. If a change fails, the changes before it are reverted.

        Raises:
            ChangedSinceError: a file or value has changed since it was read; nothing was changed.
            FilesystemError: another doctor is running, or the system refuses; nothing is changed.
        """
        with self._locked():
            moved = [edit.path for edit in fix.files if os.path.realpath(edit.path) != edit.real]
            changed = moved + [where for where, state in self._states(fix) if state != "before"]
            if changed:
                what = "it has changed since it was read"
                hint = "run sealenv doctor again"
                raise ChangedSinceError(what, where=changed[0], hint=hint)
            # msgspec's own encoder refuses a path or a value that is not UTF-8.
            text = json.dumps(msgspec.to_builtins(fix), indent=1)
            try:
                write_atomic(self.path_of(fix.name), text.encode(), mode=0o600, durable=True)
                try:
                    for edit in fix.files:
                        _replace(Path(edit.real), edit.after)
                    for value in fix.values:
                        self._set(value, value.after)
                except OSError:
                    self._restore(fix)
                    raise
            except OSError as error:
                raise from_oserror(error) from error

    def revert(self, fix: Fix) -> None:
        """Restore what a fix changed, and remove its journal.

        Raises:
            ChangedSinceError: a file or value has changed since; nothing was changed.
            FilesystemError: another doctor is running, or the system refuses; the journal is kept.
        """
        with self._locked():
            changed = [where for where, state in self._states(fix) if state == "other"]
            if changed:
                later = [name for name in self.names() if name > fix.name]
                first = f"undo the later fixes first: {', '.join(later)}; or " if later else ""
                path = self.path_of(fix.name)
                raise ChangedSinceError(
                    "it has changed since the fix, and the change would be lost",
                    where=fix.name,
                    details=changed,
                    hint=f"{first}change it by hand; the old content is in {path}, in base64",
                )
            try:
                self._restore(fix)
            except OSError as error:
                raise from_oserror(error) from error

    def _restore(self, fix: Fix) -> None:
        for edit in fix.files:
            if _content(edit) == edit.after:
                _replace(Path(edit.real), edit.before)
        for value in fix.values:
            if self._get(value) == value.after:
                self._set(value, value.before)
        self.path_of(fix.name).unlink()

    def _states(self, fix: Fix) -> Iterator[tuple[str, str]]:
        """Yield each file and value that a fix names, and `before`, `after` or `other`."""

        def state(now: object, before: object, after: object) -> str:
            return "before" if now == before else "after" if now == after else "other"

        for edit in fix.files:
            yield edit.real, state(_content(edit), edit.before, edit.after)
        for value in fix.values:
            now = self._get(value)
            yield f"{value.key} {value.name}", state(now, value.before, value.after)

    def _get(self, change: SetValue) -> object:
        if self._registry is None:
            raise ChangedSinceError("this system has no registry", where=str(change.key))
        value = self._registry.value(change.key, change.name)
        return value.data if value else None

    def _set(self, change: SetValue, text: str | None) -> None:
        if self._registry is not None:
            value = None if text is None else Value(change.kind, text)
            self._registry.write(change.key, change.name, value)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Make the folder and lock it, so that one doctor changes something at a time.

        Raises:
            FilesystemError: another process holds the lock.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / "lock").alone() as ours:
            if not ours:
                raise FilesystemError(
                    "another doctor is changing something",
                    where=str(self.folder),
                    hint="wait until it ends, then run doctor again",
                )
            for name in os.listdir(self.folder):
                if _NAME.fullmatch(final_path(name) or ""):  # incomplete: nothing was changed
                    os.unlink(self.folder / name)
            yield


def _content(edit: FileEdit) -> bytes | None:
    """Return the bytes of a file; None if it does not exist, or is a link.

    Raises:
        FilesystemError: it cannot be read.
    """
    try:
        return None if os.path.islink(edit.real) else read_regular(edit.real, most=2 * LARGEST)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise from_oserror(error) from error


def _replace(path: Path, data: bytes) -> None:
    """Replace a file, keeping its mode and owner, and remove what a killed doctor left beside it.

    Raises:
        OSError: with the name of the file.
    """
    for name in os.listdir(path.parent):
        if final_path(name) == path.name:
            with contextlib.suppress(OSError):
                os.unlink(path.parent / name)
    try:
        replace_like(os.fspath(path), data, os.lstat(path))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    with contextlib.suppress(PermissionError):  # a read-only file of Windows
        os.utime(path)
