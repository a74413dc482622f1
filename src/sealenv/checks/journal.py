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

    @property
    def changes(self) -> tuple[FileEdit | SetValue, ...]:
        """The files and the values."""
        return (*self.files, *self.values)


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

    def names(self) -> list[str]:
        """Return the fixes that can be undone, the latest first."""
        try:
            found = sorted(os.listdir(self.folder), reverse=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [name.removesuffix(".json") for name in found if _NAME.fullmatch(name)]

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.json"

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
        path = self._path(name)
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
            for change in fix.changes:
                if _was_moved(change) or self._now(change) != change.before:
                    what = "it has changed since it was read"
                    hint = "run sealenv doctor again"
                    raise ChangedSinceError(what, where=_where(change), hint=hint)
            # msgspec's own encoder refuses a path or a value that is not UTF-8.
            text = json.dumps(msgspec.to_builtins(fix), indent=1)
            try:
                write_atomic(self._path(fix.name), text.encode(), mode=0o600, durable=True)
                try:
                    for change in fix.changes:
                        self._set(change, change.after)
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
            changed = [
                _where(change)
                for change in fix.changes
                if self._now(change) not in (change.before, change.after)
            ]
            if changed:
                later = [name for name in self.names() if name > fix.name]
                first = f"undo the later fixes first: {', '.join(later)}; or " if later else ""
                path = self._path(fix.name)
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
        for change in fix.changes:
            if self._now(change) == change.after:
                self._set(change, change.before)
        self._path(fix.name).unlink()

    def _now(self, change: FileEdit | SetValue) -> object:
        """Return the bytes of a file or the text of a value; None if it does not exist.

        Raises:
            ChangedSinceError: this system has no registry.
            FilesystemError: it cannot be read.
        """
        if isinstance(change, SetValue):
            if self._registry is None:
                raise ChangedSinceError("this system has no registry", where=str(change.key))
            value = self._registry.value(change.key, change.name)
            return value.data if value else None
        try:
            if os.path.islink(change.real):
                return None
            return read_regular(change.real, most=2 * LARGEST)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_oserror(error) from error

    def _set(self, change: FileEdit | SetValue, content: bytes | str | None) -> None:
        if isinstance(content, bytes):
            _replace(Path(_where(change)), content)
        elif isinstance(change, SetValue) and self._registry is not None:
            value = None if content is None else Value(change.kind, content)
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


def _where(change: FileEdit | SetValue) -> str:
    return change.real if isinstance(change, FileEdit) else f"{change.key} {change.name}"


def _was_moved(change: FileEdit | SetValue) -> bool:
    """Return whether a link leads to another file now."""
    return isinstance(change, FileEdit) and os.path.realpath(change.path) != change.real


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
