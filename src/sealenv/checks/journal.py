"""Fixes: made at one instant for each file, written down before, and undone.

The folder of the journals holds one JSON file for each fix that can be undone.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from sealenv.checks.check import Cut, SetValue
from sealenv.checks.computer import LARGEST
from sealenv.errors import ChangedSinceError, FilesystemError, NotFoundError, from_oserror
from sealenv.system.files import final_path, read_regular, replace_like, write_atomic
from sealenv.system.registry import Registry, Value

_NAME = re.compile(r"\d{8}T\d{12}Z-[a-z0-9+-]+\.json")


class FileEdit(msgspec.Struct, frozen=True):
    """One file that a fix changes, with its bytes before and after."""

    path: str
    """As it was found."""
    real: str
    """The file itself, if the path is a link."""
    before: bytes
    after: bytes


class Fix(msgspec.Struct, frozen=True):
    """What a fix changes, and the content of its journal."""

    name: str
    """Of the journal."""
    made: str
    """When, in UTC."""
    checks: tuple[str, ...]
    """The ids that were named."""
    files: tuple[FileEdit, ...]
    values: tuple[SetValue, ...]
    version: int = 3

    @classmethod
    def new(cls, checks: Iterable[str], changes: Iterable[Cut | SetValue]) -> Fix:
        """Return a fix with a name that sorts by time."""
        now = datetime.now(timezone.utc)
        checks, changes = tuple(checks), list(changes)
        name = f"{now:%Y%m%dT%H%M%S%f}Z-{'+'.join(checks)}"
        made = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = tuple(change for change in changes if isinstance(change, SetValue))
        return cls(name, made, checks, tuple(_edits(changes)), values)

    @property
    def changes(self) -> tuple[FileEdit | SetValue, ...]:
        """The files and the values."""
        return (*self.files, *self.values)


def _edits(changes: Iterable[Cut | SetValue]) -> list[FileEdit]:
    """Return each file without the parts that are removed."""
    cuts: dict[Path, list[Cut]] = {}
    for change in changes:
        if isinstance(change, Cut):
            cuts.setdefault(change.path, []).append(change)
    edits = []
    for path, parts in cuts.items():
        after = before = parts[0].before
        for part in sorted(parts, key=lambda part: part.start, reverse=True):
            after = after[: part.start] + after[part.end :]
        edits.append(FileEdit(str(path), os.path.realpath(path), before, after))
    return edits


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
            hint=f"fixes that can be undone: {', '.join(names)}"
            if names
            else "sealenv doctor shows what it finds",
        )

    def _read(self, name: str) -> Fix:
        path = self._path(name)
        try:
            return msgspec.convert(json.loads(read_regular(path)), Fix)
        except OSError as error:
            raise from_oserror(error) from error
        except ValueError as error:
            hint = "to undo another fix: sealenv doctor --undo NAME"
            what = f"the journal of a fix cannot be used: {error}"
            raise FilesystemError(what, where=str(path), hint=hint) from error

    def apply(self, fix: Fix) -> None:
        """Make the changes of a fix.

        The journal is on the disk before the first change. A kill leaves each file old or new, and
        the journal. If a change fails, the changes before it are reverted.

        Raises:
            ChangedSinceError: a file or value has changed since it was read; nothing was changed.
            FilesystemError: the system refuses; nothing is changed.
        """
        for change in fix.changes:
            if self._now(change) != change.before:
                what = "it has changed since it was read"
                raise ChangedSinceError(what, where=_where(change), hint="run sealenv doctor again")
        # msgspec's own encoder refuses a path or a value that is not UTF-8.
        text = json.dumps(msgspec.to_builtins(fix), indent=1)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
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
            FilesystemError: the system refuses; the journal is kept.
        """
        changed = [
            _where(change)
            for change in fix.changes
            if self._now(change) not in (change.before, change.after)
        ]
        if changed:
            path = self._path(fix.name)
            raise ChangedSinceError(
                "it has changed since the fix, and the change would be lost",
                where=fix.name,
                details=changed,
                hint="undo later fixes first, or change it by hand; the old content is in "
                f"{path}, in base64",
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
            FilesystemError: it cannot be read.
        """
        if isinstance(change, SetValue):
            value = self._registry and self._registry.value(change.key, change.name)
            return value.data if value else None
        try:
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


def _where(change: FileEdit | SetValue) -> str:
    return change.real if isinstance(change, FileEdit) else f"{change.key} {change.name}"


def _replace(path: Path, data: bytes) -> None:
    """Replace a file, keeping its mode and owner, and remove what a killed doctor left beside it."""
    for name in os.listdir(path.parent):
        if final_path(name) == path.name:
            with contextlib.suppress(OSError):
                os.unlink(path.parent / name)
    replace_like(os.fspath(path), data, os.lstat(path))
    with contextlib.suppress(PermissionError):  # a read-only file of Windows
        os.utime(path)
