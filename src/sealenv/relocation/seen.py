"""What lies in an environment, whose it is, and what of it holds the old place: looked at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import FilesystemError
from sealenv.progress import Reporter
from sealenv.relocation.fitting import refuse_unfit
from sealenv.relocation.holding import holding
from sealenv.relocation.owners import Owners
from sealenv.relocation.place import Relocation
from sealenv.relocation.targets import refuse_rows
from sealenv.seal.tree import Row, look

__all__ = ["Seen", "look_at", "look_for"]


@dataclass(frozen=True)
class Seen:
    """What is known before anything is written.

    Attributes:
        found: what holds the old place, sorted.
        rows: everything that lies there.
        owners: of that.
    """

    found: list[str]
    rows: dict[str, Row]
    owners: Owners


def look_at(prefix: Path) -> dict[str, Row]:
    """Every path of the prefix.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    try:
        return look(prefix)
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be read: {error.strerror}",
            where=os.fsdecode(error.filename or str(prefix)),
        ) from error


def look_for(move: Relocation, reporter: Reporter) -> Seen:
    """Look at all of an environment, and make sure that what holds the old place can be mended.

    Args:
        move: the environment where it lies.
        reporter: is told.

    Raises:
        LinkError: paths would be too long, or binaries have no room for the new place.
        FilesystemError: something cannot be read or written, or there is no room on the disk.
    """
    reporter.phase("search", f"looking for {move.old}")
    rows = look_at(move.prefix)
    refuse_rows(rows, Path(move.new), move.seal.platform)
    try:
        owners = Owners(move.prefix, rows, move.records)
        found = holding(
            move.prefix, rows, [move.forth], lambda done, of: reporter.advance(done, of, "files")
        )
        refuse_unfit(move, owners, found)
    except OSError as error:
        raise FilesystemError(
            f"the environment cannot be read: {error.strerror}",
            where=os.fsdecode(error.filename or str(move.prefix)),
        ) from error
    return Seen(found, rows, owners)
