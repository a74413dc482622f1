"""One relocation: which environment, from where to where, and what vouches for its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from sealenv.condameta.records import PrefixRecord, scan_records
from sealenv.errors import PrefixError, RecordError
from sealenv.host.files import read_regular
from sealenv.layout import MOVING, State, state_of
from sealenv.naming import shown
from sealenv.relocation.mender import Mender
from sealenv.seal.filetable import FileTable, read_table
from sealenv.seal.seal import Seal, read_seal

__all__ = ["Relocation", "open_relocation"]


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

    @property
    def forth(self) -> Mender:
        """From the old place to the new one."""
        return Mender(self.old, self.new, self.seal.platform)

    @property
    def back(self) -> Mender:
        """From the new place to the old one."""
        return Mender(self.new, self.old, self.seal.platform)

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
    table, seal = _table(prefix, seal)
    records, _ = scan_records(prefix)
    return Relocation(prefix, seal, table, records, new)


def _table(prefix: Path, seal: Seal) -> tuple[FileTable | None, Seal]:
    """The table, and the seal that it belongs to: the next one, if we were killed between the two."""
    try:
        return read_table(prefix, seal.files), seal
    except RecordError:
        try:
            after = msgspec.json.decode(read_regular(prefix / MOVING), type=Seal)
            return read_table(prefix, after.files), after
        except (OSError, msgspec.DecodeError, RecordError):
            return None, seal
