"""The journal of a relocation: `conda-meta/sealenv.moving`, from before the first byte to the commit.

Its first line is the next seal and the path that the files held before. One line for each file
follows, written before the file is replaced: its digests before and after. So the command that
continues after a kill knows which files it has rewritten. Nothing runs from the environment until then.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import RecordError
from sealenv.layout import FILES, META, MOVING, SEAL
from sealenv.relocation.digests import Mark, Rewritten
from sealenv.seals.filetable import read_table, write_table
from sealenv.seals.seal import Seal, write_seal
from sealenv.seals.snapshot import raw
from sealenv.system.deleting import while_held
from sealenv.system.files import final_path, read_regular, write_atomic

__all__ = ["Journal", "begin", "commit", "finish_commit", "note", "read_journal"]

_FROM, _ALSO = "moving_from", "moving_also"
_OURS = frozenset(path.rpartition("/")[2] for path in (SEAL, FILES, MOVING))


@dataclass(frozen=True)
class Journal:
    """A relocation that was begun and not committed.

    Attributes:
        olds: the paths that the files held.
        new: the path to write.
        noted: the files that were about to be replaced, with their digests.
    """

    olds: tuple[str, ...]
    new: str
    noted: dict[str, Rewritten]


def read_journal(prefix: Path) -> Journal | None:
    """Read the journal; None if it is missing or damaged (then no file was written)."""
    try:
        first, *lines = read_regular(prefix / MOVING).splitlines()
        head = msgspec.json.decode(first, type=dict[str, Any])
        olds, new = (head[_FROM], *head.get(_ALSO, ())), head["prefix"]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError):
        return None
    if not all(isinstance(place, str) for place in (*olds, new)):
        return None
    noted = {}
    for line in lines:
        with contextlib.suppress(msgspec.DecodeError, msgspec.ValidationError, ValueError):
            item = msgspec.json.decode(line, type=_Note)
            path = bytes.fromhex(item.path).decode("utf-8", "surrogateescape")
            noted[path] = Rewritten(_mark(*item.before), _mark(*item.after))
    return Journal(olds, new, noted)


def begin(prefix: Path, seal: Seal, new: str, olds: Sequence[str]) -> None:
    """Begin a journal before files are rewritten. A journal of the same relocation is continued.

    Args:
        prefix: a sealed environment, whose lock the caller holds.
        seal: its current seal.
        new: the path to write.
        olds: the paths that its files hold.

    Raises:
        OSError: the journal cannot be written.
    """
    journal = read_journal(prefix)
    if journal is None or (journal.olds, journal.new) != (tuple(olds), new):
        _write(prefix, msgspec.structs.replace(seal, prefix=new, files=""), olds)


def note(prefix: Path, path: str, done: Rewritten) -> None:
    """Add a file that is about to be replaced.

    Raises:
        OSError: the journal cannot be written.
    """
    item = _Note(raw(path).hex(), _plain(done.before), _plain(done.after))
    with open(prefix / MOVING, "ab") as file:
        file.write(msgspec.json.encode(item) + b"\n")


def commit(prefix: Path, seal: Seal, table: bytes | None, olds: Sequence[str]) -> None:
    """Write the file table and the seal that names it: this ends the relocation.

    Args:
        prefix: a sealed environment, whose lock the caller holds.
        seal: the new seal.
        table: the encoded file table; None if there is none.
        olds: the paths that the files held.

    Raises:
        OSError: one of them cannot be written.
    """
    _write(prefix, seal, olds, _notes(prefix))
    if table is not None:
        write_table(prefix, table)
    while_held(lambda: write_seal(prefix, seal))
    while_held((prefix / MOVING).unlink)


def finish_commit(prefix: Path) -> None:
    """Finish a commit that was killed between its table and its seal, and delete temporary files.

    The journal of a relocation that was not committed stays. That of `audit --fix`, from a path to the
    same path, is deleted.

    Raises:
        OSError: a file cannot be read or written.
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
        whole = False  # the old seal and table are still there
    journal = read_journal(prefix)
    if whole:
        while_held(lambda: write_seal(prefix, seal))
    if whole or (journal and journal.olds == (journal.new,)):
        while_held((prefix / MOVING).unlink)


class _Note(msgspec.Struct):
    """One line: the path and the digests in hexadecimal, sizes in bytes."""

    path: str
    before: tuple[str, int]
    after: tuple[str, int]


def _mark(digest: str, size: int) -> Mark:
    return Mark(bytes.fromhex(digest), size)


def _plain(mark: Mark) -> tuple[str, int]:
    return mark.sha256.hex(), mark.size


def _write(prefix: Path, seal: Seal, olds: Sequence[str], notes: bytes = b"") -> None:
    also = {_ALSO: olds[1:]} if olds[1:] else {}
    content = {_FROM: olds[0], **also, **msgspec.to_builtins(seal)}
    write_atomic(prefix / MOVING, msgspec.json.encode(content) + b"\n" + notes, durable=True)


def _notes(prefix: Path) -> bytes:
    """Return the lines after the first: they count until the new table is written."""
    try:
        return read_regular(prefix / MOVING).partition(b"\n")[2]
    except OSError:
        return b""
