"""The journals of fixes: what each file and value was, written before it is changed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import msgspec

from sealenv.checks.check import SetValue
from sealenv.checks.text import digest_of
from sealenv.errors import FilesystemError, NotFoundError, from_oserror
from sealenv.system.filelock import FileLock
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.temporary import final_path

__all__ = ["FileNote", "Journal", "Journals", "sync_folder"]

_VERSION = 2
_NAME = re.compile(r"\d{8}T\d{12}Z-(?P<checks>[a-z0-9+-]+)\.json")


class FileNote(msgspec.Struct, frozen=True):
    """One file: its bytes before the fix (base64 in the file), and the digests before and after."""

    path: str
    before: bytes
    before_sha256: str
    after_sha256: str


class Journal(msgspec.Struct, frozen=True):
    """One fix."""

    name: str
    made: str
    checks: tuple[str, ...]
    files: tuple[FileNote, ...]
    values: tuple[SetValue, ...]
    version: int = _VERSION


class Journals:
    """The folder of the journals.

    Args:
        folder: by default `doctor` in the user's data folder of sealenv.
    """

    def __init__(self, folder: Path | None = None) -> None:
        import platformdirs

        data = platformdirs.user_data_dir("sealenv", appauthor=False)
        self.folder = folder or Path(data) / "doctor"

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

    def find(self, wanted: str | None) -> Journal:
        """Return a journal.

        Args:
            wanted: its name, or the id of a check for its latest fix; None: the latest fix.

        Raises:
            NotFoundError: no journal matches.
            FilesystemError: it is damaged.
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

    def _read(self, name: str) -> Journal:
        path = self.path_of(name)
        try:
            content = json.loads(read_regular(path))
            if isinstance(content, dict) and content.get("version") != _VERSION:
                raise _damaged(path, "another version of sealenv wrote it")
            journal = msgspec.convert(content, Journal)
        except OSError as error:
            raise from_oserror(error) from error
        except (msgspec.ValidationError, ValueError) as error:
            raise _damaged(path, str(error)) from error
        if journal.name != name:
            raise _damaged(path, "it has another name")
        for note in journal.files:
            if digest_of(note.before) != note.before_sha256 or not os.path.isabs(note.path):
                raise _damaged(path, f"checksum mismatch of {note.path}")
        return journal

    def write(
        self, checks: Sequence[str], files: Iterable[FileNote], values: Iterable[SetValue]
    ) -> Journal:
        """Write the journal of a fix to the disk. Only the user may read it.

        Raises:
            FilesystemError: the system refuses.
        """
        now = datetime.now(timezone.utc)
        name = f"{now:%Y%m%dT%H%M%S%f}Z-{'+'.join(checks)}"
        made = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        journal = Journal(name, made, tuple(checks), tuple(files), tuple(values))
        # msgspec's own encoder refuses a path or a value that is not UTF-8.
        text = json.dumps(msgspec.to_builtins(journal), indent=1)
        try:
            write_atomic(self.path_of(name), text.encode(), mode=0o600, durable=True)
        except OSError as error:
            raise from_oserror(error) from error
        sync_folder(self.folder)
        return journal

    def remove(self, journal: Journal) -> None:
        """Remove a journal."""
        self.path_of(journal.name).unlink()
        sync_folder(self.folder)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
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
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove incomplete journals: nothing was changed, and they may contain secrets."""
        for name in os.listdir(self.folder):
            whole = final_path(name)
            if whole and _NAME.fullmatch(whole):
                with contextlib.suppress(OSError):
                    os.unlink(self.folder / name)


def _damaged(path: Path, problem: str) -> FilesystemError:
    return FilesystemError(
        f"the journal of a fix cannot be used: {problem}",
        where=str(path),
        hint="it contains the old content in base64; to undo another fix: sealenv doctor --undo NAME",
    )


def sync_folder(folder: Path) -> None:
    """Write the names in a folder to the disk, on systems that can."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(fd)
    finally:
        os.close(fd)
