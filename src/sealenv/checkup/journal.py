"""What doctor changed, written down before it changes it, so that it can be undone."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

import msgspec

from sealenv.checkup.changes import SetValue
from sealenv.checkup.computer import digest_of
from sealenv.checkup.plan import FileEdit, Plan
from sealenv.checkup.registry import Key, Value
from sealenv.errors import FilesystemError, from_oserror
from sealenv.system.filelock import FileLock
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.tempname import final_path

__all__ = [
    "Damaged",
    "FileNote",
    "Journal",
    "ValueNote",
    "data_folder",
    "journals",
    "locked",
    "new_journal",
]

_NAME = re.compile(r"\d{8}T\d{12}Z-[a-z0-9-]+\.json")


_BASE64 = "base64:"
"""What a path begins with that is no UTF-8; the others are absolute."""


class FileNote(msgspec.Struct, frozen=True):
    """One file: what it was, and what was made of it.

    Attributes:
        path: as it was found; as `_packed` has it.
        real: the file itself, likewise.
        before: its bytes, in base64.
        before_sha256: of these bytes.
        after_sha256: of the bytes that were written.
        mode: its permissions.
    """

    path: str
    real: str
    before: str
    before_sha256: str
    after_sha256: str
    mode: int

    @property
    def place(self) -> Path:
        """The file itself."""
        if self.real.startswith(_BASE64):
            return Path(os.fsdecode(base64.b64decode(self.real[len(_BASE64) :])))
        return Path(self.real)

    @property
    def data(self) -> bytes:
        """The bytes that it had."""
        return base64.b64decode(self.before)


class ValueNote(msgspec.Struct, frozen=True):
    """One registry value: what it was, and what was made of it; data as in `_pack`."""

    hive: str
    key: str
    view: int
    name: str
    before: tuple[int, str]
    after: tuple[int, str] | None

    @property
    def place(self) -> Key:
        """The key."""
        return Key(self.hive, self.key, self.view)

    @property
    def was(self) -> Value:
        """What it was."""
        return _unpack(self.before)

    @property
    def became(self) -> Value | None:
        """What it was set to; None: deleted."""
        return _unpack(self.after) if self.after else None


class Journal(msgspec.Struct, frozen=True):
    """One fix."""

    name: str
    made: str
    checks: list[str]
    files: list[FileNote]
    values: list[ValueNote]
    version: int = 1

    def write(self, folder: Path) -> Path:
        """Write it so that it outlives a crash of the machine; nobody else may read it."""
        path = folder / f"{self.name}.json"
        data = msgspec.json.format(msgspec.json.encode(self), indent=1)
        write_atomic(path, data, mode=0o600, durable=True)
        sync_folder(folder)
        return path


def _packed(path: Path) -> str:
    """A path as JSON can hold it."""
    text = os.fspath(path)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _BASE64 + base64.b64encode(os.fsencode(text)).decode()
    return text


def _pack(value: Value) -> tuple[int, str]:
    """A value as JSON can hold it: surrogates, which the registry allows, are no UTF-8."""
    plain = value.data
    if isinstance(plain, bytes):
        form: object = {"bytes": base64.b64encode(plain).decode()}
    elif isinstance(plain, str):
        form = {"text": base64.b64encode(plain.encode("utf-16-le", "surrogatepass")).decode()}
    else:
        form = {"plain": plain}
    return value.kind, msgspec.json.encode(form).decode()


def _unpack(packed: tuple[int, str]) -> Value:
    kind, form = packed[0], msgspec.json.decode(packed[1])
    if "bytes" in form:
        return Value(kind, base64.b64decode(form["bytes"]))
    if "text" in form:
        return Value(kind, base64.b64decode(form["text"]).decode("utf-16-le", "surrogatepass"))
    return Value(kind, form["plain"])


def new_journal(plan: Plan, now: datetime | None = None) -> Journal:
    """The journal of what a plan is going to do.

    Raises:
        OSError: a file is gone.
    """
    made = (now or datetime.now(timezone.utc)).astimezone(timezone.utc)
    stamp = made.strftime("%Y%m%dT%H%M%S%fZ")
    return Journal(
        f"{stamp}-{plan.checks[0]}",
        made.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        list(plan.checks),
        [_file_note(edit) for edit in plan.files],
        [_value_note(change) for change in plan.values],
    )


def _file_note(edit: FileEdit) -> FileNote:
    status = os.lstat(edit.real)
    return FileNote(
        _packed(edit.path),
        _packed(edit.real),
        base64.b64encode(edit.before).decode(),
        digest_of(edit.before),
        digest_of(edit.after),
        status.st_mode & 0o7777,
    )


def _value_note(change: SetValue) -> ValueNote:
    key = change.key
    after = _pack(change.after) if change.after else None
    return ValueNote(key.hive, key.path, key.view, change.name, _pack(change.before), after)


def data_folder() -> Path:
    """Where journals are kept: `doctor` in the user's data folder of sealenv."""
    import platformdirs

    return Path(platformdirs.user_data_dir("sealenv", appauthor=False)) / "doctor"


class Damaged(NamedTuple):
    """A journal that cannot be read: its name, and what is wrong."""

    name: str
    error: FilesystemError

    def is_of(self, name: str) -> bool:
        """Whether it is called so, or after that check."""
        return self.name == name or self.name.partition("-")[2] == name


def journals(folder: Path) -> Iterator[Journal | Damaged]:
    """The fixes that can be undone, the latest first; those that cannot be read among them."""
    try:
        names = sorted((n for n in os.listdir(folder) if _NAME.fullmatch(n)), reverse=True)
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        path = folder / name
        try:
            yield _checked(msgspec.json.decode(read_regular(path), type=Journal), name)
        except FileNotFoundError:
            continue  # another doctor has just undone it
        except (msgspec.DecodeError, ValueError, binascii.Error) as error:
            problem = FilesystemError(
                f"the journal of a fix is damaged: {error}",
                where=str(path),
                hint="the old content is in it, in base64; take it away, or name another: --undo NAME",
            )
            yield Damaged(name.removesuffix(".json"), problem)
        except OSError as error:
            yield Damaged(name.removesuffix(".json"), from_oserror(error))


def _checked(journal: Journal, name: str) -> Journal:
    """Only what a fix writes: its content is going to be written somewhere."""
    if f"{journal.name}.json" != name or journal.version != 1:
        raise ValueError("it is another one's")
    for note in journal.files:
        if digest_of(note.data) != note.before_sha256 or not note.place.is_absolute():
            raise ValueError(f"what it keeps of {note.place} is not what it says")
    for value in journal.values:
        _ = value.was, value.became
    return journal


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make the folder, and keep other doctors from changing anything.

    Raises:
        FilesystemError: another one is at it.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(folder / "lock").alone() as ours:
        if not ours:
            raise FilesystemError(
                "another doctor is changing something",
                where=str(folder),
                hint="wait for it to end, then look again",
            )
        _sweep(folder)
        yield


def _sweep(folder: Path) -> None:
    """Journals that were never in place: nothing was changed then, and they hold what files held."""
    for name in os.listdir(folder):
        whole = final_path(name)
        if whole and _NAME.fullmatch(whole):
            with contextlib.suppress(OSError):
                os.unlink(folder / name)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder outlive a crash of the machine, where that can be asked for."""
    if sys.platform == "win32":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some network file systems cannot
            os.fsync(fd)
    finally:
        os.close(fd)
