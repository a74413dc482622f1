"""One relocation: which environment, from where to where, and what vouches for its files."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import PrefixError, RecordError
from sealenv.layout import State, state_of
from sealenv.naming import shown
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.relocation.ahead import table_read
from sealenv.relocation.mender import Mender
from sealenv.seals.filetable import FileTable, read_table
from sealenv.seals.row import Row
from sealenv.seals.seal import Seal, read_seal
from sealenv.seals.tablerows import sealed_rows

__all__ = ["Relocation", "open_relocation", "same_make"]


@dataclass(frozen=True)
class Relocation:
    """An environment that is to hold another place.

    Attributes:
        prefix: where it lies now.
        seal: as it is.
        table: its file table; None where there is none, or it is damaged.
        old: the place that its files hold.
        new: the place that they are to hold.
        read_rows: gives the rows of the file table, made once.
        read_records: gives its package records; they are read once, before it goes elsewhere.
    """

    prefix: Path
    seal: Seal
    table: FileTable | None
    old: str
    new: str
    read_rows: Callable[[], dict[str, Row]]
    read_records: Callable[[], list[PrefixRecord]]

    @property
    def records(self) -> list[PrefixRecord]:
        """Its package records."""
        return self.read_records()

    @property
    def sealed(self) -> dict[str, Row]:
        """The rows of the file table; nobody writes into them."""
        return self.read_rows()

    @property
    def forth(self) -> Mender:
        """From the old place to the new one."""
        return Mender(self.old, self.new, self.seal.platform)

    @property
    def back(self) -> Mender:
        """From the new place to the old one."""
        return Mender(self.new, self.old, self.seal.platform)

    def refuse_alike(self) -> None:
        """Refuse two places of which one, as text, is in the other: what was ended half way is mended
        both ways.

        Raises:
            UsageError: such as `/envs/a.new` to `/envs/a`.
        """
        for one, other in ((self.old, self.new), (self.new, self.old)):
            Mender(one, other, self.seal.platform)

    @property
    def is_copy(self) -> bool:
        """Whether the environment that this one was made from is where both were, and another folder."""
        old = Path(self.old)
        try:
            if state_of(old) is not State.SEALED or os.path.samefile(old, self.prefix):
                return False
            return same_make(read_seal(old), self.seal)
        except (OSError, RecordError):
            return False


def same_make(one: Seal, other: Seal) -> bool:
    """Whether one is a copy of the other, or both are copies of a third one."""
    return (one.created, one.lock.digest) == (other.created, other.lock.digest)


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
        table = read_table(prefix, seal.files, table_read(prefix))
    except RecordError:
        table = None  # verify says so, before and after
    records = functools.cache(lambda: scan_records(prefix)[0])
    rows = functools.cache(lambda: sealed_rows(table) if table else {})
    return Relocation(prefix, seal, table, seal.prefix, new, rows, records)
