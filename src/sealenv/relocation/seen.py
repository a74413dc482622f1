"""What lies in an environment, whose it is, and what of it holds the old place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import unreadable
from sealenv.layout import USER_FOLDER, is_link, walk
from sealenv.prefix.removable import refuse_inner
from sealenv.progress import Reporter
from sealenv.relocation.destination import refuse_rows
from sealenv.relocation.find import find
from sealenv.relocation.fit import refuse_unfit
from sealenv.relocation.owners import Owners
from sealenv.relocation.relocation import Relocation
from sealenv.seals.snapshot import Row, take_snapshot

__all__ = ["Seen", "look_for", "look_inside"]


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

    def without(self) -> dict[str, Row]:
        """What was searched, and does not hold it."""
        held = set(self.found)
        return {path: row for path, row in self.rows.items() if path not in held}


def look_inside(prefix: Path) -> dict[str, Row]:
    """Take a snapshot of an environment that goes away alone.

    Raises:
        FilesystemError: a folder cannot be read.
        PrefixError: it holds other environments.
    """
    rows = take_snapshot(prefix)
    refuse_inner(prefix, "moved", "move", [*rows, *_apart(prefix)])
    return rows


def _apart(prefix: Path) -> Iterator[str]:
    """What lies in folders of which an environment knows nothing."""
    for name in (USER_FOLDER, "envs"):
        folder = prefix / name
        if folder.is_dir() and not is_link(folder):
            for entry in walk(folder):
                yield f"{name}/{entry.relative}"


def look_for(move: Relocation, rows: dict[str, Row], reporter: Reporter) -> Seen:
    """Search an environment, and make sure that what holds the old place can be mended.

    Args:
        move: the environment where it lies.
        rows: every path of it.
        reporter: is told.

    Raises:
        LinkError: paths would be too long, or binaries have no room for the new place.
        FilesystemError: something cannot be read or written, or there is no room on the disk.
    """
    reporter.phase("search", f"looking for {move.old}")
    refuse_rows(rows, Path(move.new), move.seal.platform)
    try:
        owners = Owners(move.prefix, rows, move.records)
        found = find(
            move.prefix,
            rows,
            move.change,
            lambda done, total: reporter.advance(done, total, "files"),
        )
        refuse_unfit(move, owners, found)
    except OSError as error:
        raise unreadable(error, move.prefix) from error
    return Seen(found, rows, owners)
