"""The journal of a relocation: `conda-meta/sealenv.moving`, from before the first byte to the commit.

The seal that is to be, and the place that the files held before. Who finds it knows that files may hold
either place, wherever the environment lies by now; nothing runs from it until somebody has finished it.
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
from sealenv.seals.filetable import read_table, write_files
from sealenv.seals.seal import Seal, write_seal
from sealenv.system.files import read_regular, write_atomic
from sealenv.system.holders import while_held
from sealenv.system.tempname import final_path

__all__ = ["Journal", "begin", "commit", "finish_commit", "read_journal"]

_FROM = "moving_from"
_OURS = frozenset(path.rpartition("/")[2] for path in (SEAL, FILES, MOVING))


@dataclass(frozen=True)
class Journal:
    """A relocation that was begun, and not committed.

    Attributes:
        old: the place that the files held.
        new: the place that they are to hold.
    """

    old: str
    new: str


def read_journal(prefix: Path) -> Journal | None:
    """What was begun there; None where nothing was, or nobody can tell (no file was written then)."""
    try:
        data = msgspec.json.decode(read_regular(prefix / MOVING), type=dict[str, Any])
        old, new = data[_FROM], data["prefix"]
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, KeyError):
        return None
    if not isinstance(old, str) or not isinstance(new, str):
        return None
    return Journal(old, new)


def begin(prefix: Path, seal: Seal, new: str, old: str) -> None:
    """Write down that files are going to be written anew.

    Args:
        prefix: a sealed environment, whose lock the caller holds.
        seal: as it is.
        new: the place that files are to hold.
        old: the place that they hold.

    Raises:
        OSError: as the operating system says.
    """
    _write(prefix, msgspec.structs.replace(seal, prefix=new, files=""), old)


def commit(prefix: Path, seal: Seal, table: bytes | None, old: str) -> None:
    """Write the table and the seal that names it. From then on the environment is at home there.

    Args:
        prefix: likewise.
        seal: as it is to be.
        table: the encoded file table; None where there is none.
        old: the place that files held.

    Raises:
        OSError: as the operating system says.
    """
    _write(prefix, seal, old)
    if table is not None:
        write_files(prefix, table)
    while_held(lambda: write_seal(prefix, seal))
    while_held((prefix / MOVING).unlink)


def finish_commit(prefix: Path) -> None:
    """What a kill left of a commit: its table is there and its seal is not yet; and partial files.

    The journal of a relocation that was not committed stays. That of `audit --fix`, from a place to the
    same place, goes: no file holds another, and its seal is taken again.

    Raises:
        OSError: as the operating system says.
    """
    with os.scandir(prefix / META) as entries:
        partial = [e.path for e in entries if final_path(e.name) in _OURS and e.is_file()]
    for path in partial:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
    try:
        seal = msgspec.json.decode(read_regular(prefix / MOVING), type=Seal)
        whole = bool(seal.files) and read_table(prefix, seal.files) is not None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError, RecordError):
        whole = False  # the seal and its table are there: all of it is done again
    journal = read_journal(prefix)
    if whole:
        while_held(lambda: write_seal(prefix, seal))
    if whole or (journal and journal.old == journal.new):
        while_held((prefix / MOVING).unlink)


def _write(prefix: Path, seal: Seal, old: str) -> None:
    content = {_FROM: old, **msgspec.to_builtins(seal)}
    data = msgspec.json.format(msgspec.json.encode(content), indent=2) + b"\n"
    write_atomic(prefix / MOVING, data, durable=True)
