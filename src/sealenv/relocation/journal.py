"""The journal of a relocation: `conda-meta/sealenv.moving`, from before the first byte to the commit.

Its first line is the next seal and the path that the files held before. One line for each file
follows, written before the file is replaced: its digests before and after. So the command that
continues after a kill knows which files it has rewritten. Nothing runs from the environment until then.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import msgspec

from sealenv.errors import RecordError
from sealenv.layout import FILES, META, MOVING, SEAL
from sealenv.relocation.find import Data
from sealenv.seals.seal import Seal, read_table, write_seal, write_table
from sealenv.seals.snapshot import Row, link_bytes, native, raw
from sealenv.system.deleting import while_held
from sealenv.system.files import final_path, read_regular, write_atomic

_OURS = frozenset(path.rpartition("/")[2] for path in (SEAL, FILES, MOVING))


class Mark(NamedTuple):
    """The sha256 (32 bytes) of a file or a link, and the size of a file."""

    sha256: bytes
    size: int

    @classmethod
    def of(cls, data: Data) -> Mark:
        """Return the mark of a file with these bytes."""
        return cls(hashlib.sha256(data).digest(), len(data))

    @classmethod
    def of_link(cls, text: str) -> Mark:
        """Return the mark of a link with this target, with the digest that a snapshot has."""
        return cls(hashlib.sha256(link_bytes(text)).digest(), 0)


class Rewritten(NamedTuple):
    """The marks of a file before and after it was rewritten."""

    before: Mark
    after: Mark


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

    @property
    def is_of_fix(self) -> bool:
        """Whether `audit --fix` wrote it: the environment stays where it is."""
        return self.olds == (self.new,)


def read_journal(prefix: Path) -> Journal | None:
    """Read the journal; None if it is missing or damaged (then no file was written)."""
    try:
        first, *lines = read_regular(prefix / MOVING).splitlines()
        head = msgspec.json.decode(first, type=_Head)
    except (OSError, ValueError):
        return None
    noted = {}
    for line in lines:
        with contextlib.suppress(ValueError):  # the last line was cut by a kill
            item = msgspec.json.decode(line, type=_Note)
            path = bytes.fromhex(item.path).decode("utf-8", "surrogateescape")
            marks = (Mark(bytes.fromhex(d), size) for d, size in (item.before, item.after))
            noted[path] = Rewritten(*marks)
    return Journal((head.moving_from, *head.moving_also), head.prefix, noted)


def begin(prefix: Path, seal: Seal, new: str, olds: Sequence[str]) -> None:
    """Begin a journal before files are rewritten. A journal of the same relocation is continued.

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
    item = _Note(raw(path).hex(), *((mark.sha256.hex(), mark.size) for mark in done))
    with open(prefix / MOVING, "ab") as file:
        file.write(msgspec.json.encode(item) + b"\n")


def commit(prefix: Path, seal: Seal, table: bytes | None, olds: Sequence[str]) -> None:
    """Write the file table, if there is one, and the seal that names it: this ends the relocation.

    Raises:
        OSError: one of them cannot be written.
    """
    _write(prefix, seal, olds, keep_notes=True)
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
    except (OSError, ValueError, RecordError):
        whole = False  # the old seal and table are still there
    journal = read_journal(prefix)
    if whole:
        while_held(lambda: write_seal(prefix, seal))
    if whole or (journal and journal.is_of_fix):
        while_held((prefix / MOVING).unlink)


class _Head(msgspec.Struct):
    """The first line, beside the fields of the seal."""

    prefix: str
    moving_from: str
    moving_also: list[str] = []


class _Note(msgspec.Struct):
    """One line: the path and the digests in hexadecimal, sizes in bytes."""

    path: str
    before: tuple[str, int]
    after: tuple[str, int]


def _write(prefix: Path, seal: Seal, olds: Sequence[str], *, keep_notes: bool = False) -> None:
    """Write the first line. At the end the notes stay: they count until the new table is written."""
    also = {"moving_also": olds[1:]} if olds[1:] else {}
    content = {"moving_from": olds[0], **also, **msgspec.to_builtins(seal)}
    notes = b""
    if keep_notes:
        with contextlib.suppress(OSError):
            notes = read_regular(prefix / MOVING).partition(b"\n")[2]
    write_atomic(prefix / MOVING, msgspec.json.encode(content) + b"\n" + notes, durable=True)


def clear_partials(
    prefix: Path, rows: dict[str, Row], replaced: Container[str], sealed: Container[str]
) -> None:
    """Delete temporary files that a killed run left beside the files that it replaced.

    Files that belong to the environment stay. Deleted ones are removed from the snapshot `rows`.
    """
    for path in list(rows):
        final = final_path(path)
        if final is not None and final in replaced and path not in sealed:
            with contextlib.suppress(OSError):
                os.unlink(native(prefix, path))
                del rows[path]
