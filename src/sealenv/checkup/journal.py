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

from sealenv.checkup.finding import SetValue
from sealenv.checkup.text import digest_of
from sealenv.errors import FilesystemError, NotFoundError, from_oserror
from sealenv.system.filelock import FileLock
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.temporary import final_path

__all__ = ["FileNote", "Journal", "Journals", "data_folder", "sync_folder"]

_VERSION = 2
_NAME = re.compile(r"\d{8}T\d{12}Z-(?P<checks>[a-z0-9+-]+)\.json")


class FileNote(msgspec.Struct, frozen=True):
    """One file: its bytes before the fix (base64 in the file), and the digests before and after."""

    path: str
    before: bytes
    before_sha256: str
    after_sha256: str

    @property
    def digests(self) -> tuple[str, str]:
        """The content that undoing may find: nothing else is replaced."""
        return self.before_sha256, self.after_sha256


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
        folder: `doctor` in the user's data folder of sealenv; another one in tests.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or data_folder()

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

    def later_than(self, journal: Journal) -> list[str]:
        """Return the names of later fixes, the latest first."""
        return [name for name in self.names() if name > journal.name]

    def find(self, wanted: str | None) -> Journal:
        """Return a journal.

        Args:
            wanted: its name, or the id of a check for its latest fix; None: the latest of all.

        Raises:
            NotFoundError: there is none.
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
            hint=f"these can: {', '.join(names)}" if names else None,
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
                raise _damaged(path, f"the content of {note.path} is not what it says")
        return journal

    def write(
        self, checks: Sequence[str], files: Iterable[FileNote], values: Iterable[SetValue]
    ) -> Journal:
        """Write the journal of a fix so that it outlives a crash; only the user may read it.

        Raises:
            FilesystemError: the system refuses.
        """
        now = datetime.now(timezone.utc)
        name = f"{now:%Y%m%dT%H%M%S%f}Z-{'+'.join(checks)}"
        made = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        journal = Journal(name, made, tuple(checks), tuple(files), tuple(values))
        # `json` keeps a path or a value that is not UTF-8: msgspec's own encoder refuses it.
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
        """Make the folder, and keep other doctors from changing anything.

        Raises:
            FilesystemError: another one holds the lock.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(self.folder / "lock").alone() as ours:
            if not ours:
                raise FilesystemError(
                    "another doctor is changing something",
                    where=str(self.folder),
                    hint="wait for it to end, then look again",
                )
            self._sweep()
            yield

    def _sweep(self) -> None:
        """Remove journals that were never complete: nothing was changed, and they hold secrets."""
        for name in os.listdir(self.folder):
            whole = final_path(name)
            if whole and _NAME.fullmatch(whole):
                with contextlib.suppress(OSError):
                    os.unlink(self.folder / name)


def _damaged(path: Path, problem: str) -> FilesystemError:
    return FilesystemError(
        f"the journal of a fix cannot be used: {problem}",
        where=str(path),
        hint="the old content is in it, in base64; another fix: sealenv doctor --undo NAME",
    )


def data_folder() -> Path:
    """Return the folder of the journals: `doctor` in the user's data folder of sealenv."""
    import platformdirs

    return Path(platformdirs.user_data_dir("sealenv", appauthor=False)) / "doctor"


def sync_folder(folder: Path) -> None:
    """Make the names in a folder outlive a crash, on systems where that can be asked for."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems refuse
            os.fsync(fd)
    finally:
        os.close(fd)
