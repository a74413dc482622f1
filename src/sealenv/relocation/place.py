"""One relocation: which environment, from where to where, and what vouches for its files."""

from __future__ import annotations

import functools
import os
from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.condameta.records import PrefixRecord, scan_records
from sealenv.errors import PrefixError, RecordError
from sealenv.host.files import read_regular
from sealenv.layout import MOVING, SEAL, State, state_of
from sealenv.naming import shown
from sealenv.relocation.mender import Mender
from sealenv.seal.filetable import FileTable, read_table
from sealenv.seal.seal import Seal, read_seal
from sealenv.seal.tree import Row

__all__ = ["Relocation", "finish_seal", "open_relocation"]


@dataclass(frozen=True)
class Relocation:
    """An environment that is to hold another place.

    Attributes:
        prefix: where it lies now.
        seal: as it is.
        table: its file table; None where there is none, or it is damaged.
        records: its package records.
        new: the place that its files are to hold.
    """

    prefix: Path
    seal: Seal
    table: FileTable | None
    records: list[PrefixRecord]
    new: str

    @property
    def old(self) -> str:
        """The place that its files hold."""
        return self.seal.prefix

    @functools.cached_property
    def sealed(self) -> dict[str, Row]:
        """The rows of the file table."""
        return self.table.rows() if self.table else {}

    @property
    def forth(self) -> Mender:
        """From the old place to the new one."""
        return Mender(self.old, self.new, self.seal.platform)

    @property
    def back(self) -> Mender:
        """From the new place to the old one."""
        return Mender(self.new, self.old, self.seal.platform)

    @property
    def is_copy(self) -> bool:
        """Whether an environment is where this one was, and another one than this."""
        old = Path(self.old)
        try:
            return state_of(old) is State.SEALED and not os.path.samefile(old, self.prefix)
        except OSError:
            return False

    def at(self, prefix: Path) -> Relocation:
        """The same where it lies now."""
        return Relocation(prefix, self.seal, self.table, self.records, self.new)


def open_relocation(prefix: Path, new: str) -> Relocation:
    """What is known of a sealed environment that is to be at home in `new`.

    Raises:
        PrefixError: it is not sealed: nobody says what its files hold.
        RecordError: its seal cannot be read.
    """
    if state_of(prefix) is not State.SEALED:
        raise PrefixError(
            "only a sealed environment says which place its files hold",
            where=str(prefix),
            hint=f"if it is where it was made, adopt it first: sealenv seal {shown(str(prefix))}",
        )
    seal = read_seal(prefix)
    try:
        table = read_table(prefix, seal.files)
    except RecordError:
        table = None  # verify says so, before and after
    records, _ = scan_records(prefix)
    return Relocation(prefix, seal, table, records, new)


def finish_seal(prefix: Path) -> None:
    """Put the next seal in place, where a kill left its file table there and the old seal beside it.

    Raises:
        OSError: as the operating system says.
    """
    if not os.path.lexists(prefix / MOVING):
        return
    try:
        after = msgspec.json.decode(read_regular(prefix / MOVING), type=Seal)
        if after.files is None or read_table(prefix, after.files) is None:
            return
    except (OSError, msgspec.DecodeError, RecordError):
        return  # the old seal and its table are there: all of it is done again
    os.replace(prefix / MOVING, prefix / SEAL)
