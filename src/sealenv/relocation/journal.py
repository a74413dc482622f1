"""The journal of a relocation: `conda-meta/sealenv.moving`, from before the first byte to the commit.

Its first line is the seal that is to be, and the path that the files held before. Then follows one
line for each file, written before the file is replaced: its digests before and after. So the
command that continues after a kill knows which of the changed files are its own work. Nothing runs
from the environment until then.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import RecordError
from sealenv.layout import FILES, META, MOVING, SEAL
from sealenv.portability.digests import Mark, Rewritten
from sealenv.seals.filetable import read_table, write_table
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.snapshot import raw
from sealenv.system.deleting import while_held
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.temporary import final_path

__all__ = ["Journal", "begin", "commit", "finish_commit", "note", "read_journal"]

_FROM = "moving_from"
_OURS = frozenset(path.rpartition("/")[2] for path in (SEAL, FILES, MOVING))


@dataclass(frozen=True)
class Journal:
    """A relocation that was begun, and not committed.

    Attributes:
        old: the path that the files held.
        new: the path that they are to hold.
        noted: the files that were about to be replaced, and what each was to become.
    """

    old: str
    new: str
    noted: dict[str, Rewritten]


def read_journal(prefix: Path) -> Journal | None:
    """Read what was begun; None if nothing was, or the journal is damaged (no file was written then)."""
    try:
        first, *lines = read_regular(prefix / MOVING).splitlines()
        head = msgspec.json.decode(first, type=dict[str, Any])
        old, new = head[_FROM], head["prefix"]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError, ValueError):
        return None
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    noted = {}
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError, ValueError):
            item = msgspec.json.decode(line, type=_Note)
            path = bytes.fromhex(item.path).decode("utf-8", "surrogateescape")
            noted[path] = Rewritten(_mark(*item.before), _mark(*item.after))
    return Journal(old, new, noted)


def begin(prefix: Path, seal: Seal, new: str, old: str) -> None:
    """Write down that files are going to be rewritten. A journal of the same relocation is continued.

    Args:
        prefix: a sealed environment, whose lock the caller holds.
        seal: as it is.
        new: the path that files are to hold.
        old: the path that they hold.

    Raises:
        OSError: as the operating system says.
    """
    journal = read_journal(prefix)
    if journal is None or (journal.old, journal.new) != (old, new):
        _write(prefix, msgspec.structs.replace(seal, prefix=new, files=""), old)


def note(prefix: Path, path: str, done: Rewritten) -> None:
    """Add a file that is about to be replaced.

    Raises:
        OSError: as the operating system says.
    """
    item = _Note(raw(path).hex(), _plain(done.before), _plain(done.after))
    with open(prefix / MOVING, "ab") as file:
        file.write(msgspec.json.encode(item) + b"\n")


def commit(prefix: Path, seal: Seal, table: bytes | None, old: str) -> None:
    """Write the table and the seal that names it. From then on the environment is at home there.

    Args:
        prefix: likewise.
        seal: as it is to be.
        table: the encoded file table; None if there is none.
        old: the path that files held.

    Raises:
        OSError: as the operating system says.
    """
    _write(prefix, seal, old, _notes(prefix))
    if table is not None:
        write_table(prefix, table)
    while_held(lambda: write_seal(prefix, seal))
    while_held((prefix / MOVING).unlink)


def finish_commit(prefix: Path) -> None:
    """Finish a commit that was killed between its table and its seal; and delete partial files.

    The journal of a relocation that was not committed stays. That of `audit --fix`, from a path to the
    same path, goes: no file holds another, and its seal is taken again.

    Raises:
        OSError: as the operating system says.
    """
    with os.scandir(prefix / META) as entries:
        partial = [e.path for e in entries if final_path(e.name) in _OURS and e.is_file()]
    for path in partial:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    try:
        first, *_ = read_regular(prefix / MOVING).splitlines()
        seal = msgspec.json.decode(first, type=Seal)
        whole = bool(seal.files) and read_table(prefix, seal.files) is not None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, ValueError, RecordError):
        whole = False  # the seal and its table are there: all of it is done again
    journal = read_journal(prefix)
    if whole:
        while_held(lambda: write_seal(prefix, seal))
    if whole or (journal and journal.old == journal.new):
        while_held((prefix / MOVING).unlink)


class _Note(msgspec.Struct):
    """A line: the path and sha256 in hexadecimal digits, sizes in bytes."""

    path: str
    before: tuple[str, int]
    after: tuple[str, int]


def _mark(digest: str, size: int) -> Mark:
    return Mark(bytes.fromhex(digest), size)


def _plain(mark: Mark) -> tuple[str, int]:
    return mark.sha256.hex(), mark.size


def _notes(prefix: Path) -> bytes:
    """The lines of the files: a commit that is killed before its table is finished with them."""
    try:
        return read_regular(prefix / MOVING).partition(b"\n")[2]
    except FileNotFoundError:  # a clone
        return b""


def _write(prefix: Path, seal: Seal, old: str, notes: bytes = b"") -> None:
    content = {_FROM: old, **msgspec.to_builtins(seal)}
    write_atomic(prefix / MOVING, msgspec.json.encode(content) + b"\n" + notes, durable=True)
