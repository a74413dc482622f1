"""One relocation: which environment, its old and new path, and its sealed files."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import PrefixError, RecordError, UsageError
from sealenv.layout import State, state_of
from sealenv.naming import shown
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.relocation.edits import Change
from sealenv.seals.filetable import read_table
from sealenv.seals.seal import Seal, read_seal
from sealenv.seals.snapshot import Row

__all__ = ["Relocation", "open_relocation", "same_make"]


@dataclass(frozen=True)
class Relocation:
    """An environment whose files are to hold another path.

    Attributes:
        prefix: where it lies now.
        seal: as it is.
        table: the rows of its file table; None if there is none, or it is damaged.
        old: the path that its files hold.
        new: the path that they are to hold.
        read_records: gives its package records; they are read once, before it goes elsewhere.
    """

    prefix: Path
    seal: Seal
    table: dict[str, Row] | None
    old: str
    new: str
    read_records: Callable[[], list[PrefixRecord]]

    @property
    def records(self) -> list[PrefixRecord]:
        """Its package records."""
        return self.read_records()

    @property
    def sealed(self) -> dict[str, Row]:
        """The rows of the file table; they are not changed."""
        return self.table or {}

    @property
    def change(self) -> Change:
        """From the old path to the new one.

        Raises:
            UsageError: one of them is not the path of a folder.
        """
        try:
            return Change.between(self.old, self.new, self.seal.platform)
        except ValueError as error:
            raise UsageError(str(error), hint="choose another path") from error

    @property
    def is_copy(self) -> bool:
        """Whether the environment that this one was copied from is still at the old path."""
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
    """Read what is known of a sealed environment that is to hold the path `new`.

    Raises:
        PrefixError: it is not sealed, so the path that its files hold is unknown.
        RecordError: its seal cannot be read.
    """
    if state_of(prefix) is not State.SEALED:
        raise PrefixError(
            "only a sealed environment says which path its files hold",
            where=str(prefix),
            hint=f"if it is where it was made, adopt it first: sealenv seal {shown(str(prefix))}",
        )
    seal = read_seal(prefix)
    try:
        table = read_table(prefix, seal.files)
    except RecordError:
        table = None  # verify says so, before and after
    records = functools.cache(lambda: scan_records(prefix)[0])
    return Relocation(prefix, seal, table, seal.prefix, new, records)
