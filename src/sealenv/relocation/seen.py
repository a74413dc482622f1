"""What lies in an environment, whose it is, and what of it holds the old place: looked at once."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sealenv.errors import unreadable
from sealenv.layout import USER_FOLDER, is_link, walk
from sealenv.prefix.removable import refuse_inner
from sealenv.progress import Reporter
from sealenv.relocation.ahead import searched, take
from sealenv.relocation.destination import refuse_rows
from sealenv.relocation.find import Finder
from sealenv.relocation.fit import refuse_unfit
from sealenv.relocation.owners import Owners
from sealenv.relocation.relocation import Relocation
from sealenv.seals.comparison import Comparison
from sealenv.seals.path import FILE, FOLDER, raw, root_of
from sealenv.seals.row import Row, look_again, status_of_row
from sealenv.seals.tree import look
from sealenv.system.readers import Readers

__all__ = ["Seen", "Since", "look_at", "look_for", "look_inside", "search_begun"]


@dataclass(frozen=True)
class Seen:
    """What is known before anything is written.

    Attributes:
        found: what holds the old place, sorted.
        rows: everything that lies there.
        owners: of that.
        readers: who has searched, where the caller keeps them for what is to come.
        comparison: which folders were looked into, where they were compared.
    """

    found: list[str]
    rows: dict[str, Row]
    owners: Owners
    readers: Readers | None = None
    comparison: Comparison | None = None

    def without(self) -> dict[str, Row]:
        """What was searched, and does not hold it."""
        held = set(self.found)
        return {path: row for path, row in self.rows.items() if path not in held}


def look_at(
    prefix: Path,
    presumed: Mapping[str, Row] | None = None,
    comparison: Comparison | None = None,
) -> dict[str, Row]:
    """Every path of the prefix.

    Args:
        prefix: the prefix.
        presumed: what was sealed: files are taken for that and not asked, as in `seals.tree.look`.
        comparison: its folders.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    try:
        return look(prefix, presumed, comparison=comparison)
    except OSError as error:
        raise unreadable(error, prefix) from error


class Since:
    """What came or was written since: all processors look, from the beginning until `finish`.

    Args:
        readers: who is at hand.
        prefix: the prefix.
        then: what was there. What has not that kind, mode, size, time and inode was written since.
        before: the folders in which that was found, wherever they were.
    """

    def __init__(
        self,
        readers: Readers,
        prefix: Path,
        then: Mapping[str, Row],
        before: Comparison | None = None,
    ) -> None:
        self._prefix = prefix
        self._then = then
        # Windows tells all that of an entry where its folder is listed.
        self._asked = [row for row in then.values() if row.kind != FOLDER and os.name != "nt"]
        self._task = readers.statuses_compared(
            root_of(prefix),
            raw("\0".join([row.path for row in self._asked])),
            b"".join(map(status_of_row, self._asked)),
        )
        self._comparison = (
            before.again(readers, prefix) if before else Comparison(readers, prefix, then)
        )

    def finish(self) -> tuple[dict[str, Row], dict[str, Row]]:
        """Every path, and those of them that came or were written since.

        Raises:
            FilesystemError: a folder cannot be read.
        """
        prefix, then = self._prefix, self._then
        rows = look_at(prefix, then, self._comparison)
        for row, answer in zip(self._asked, self._task.finish(), strict=True):
            if answer is not None and rows.get(row.path) is row:
                now = rows[row.path] = row.copy()
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    look_again(prefix, now)
        new = {
            path: row
            for path, row in rows.items()
            if row is not then.get(path) and not (path in then and row.same_stat(then[path]))
        }
        return rows, new


def look_inside(
    prefix: Path,
    presumed: Mapping[str, Row] | None = None,
    comparison: Comparison | None = None,
) -> dict[str, Row]:
    """The same, of an environment that goes away alone. Who presumes reads each file after this.

    Raises:
        FilesystemError: a folder cannot be read.
        PrefixError: it holds other environments.
    """
    rows = look_at(prefix, presumed, comparison)
    for path, then in (presumed or {}).items():
        if then.kind == FILE and not then.size and rows.get(path) is then:  # those are not read
            now = Row(path, FILE, 0, 0, 0, 0)
            try:
                look_again(prefix, now)
                rows[path] = now
            except (FileNotFoundError, NotADirectoryError):
                del rows[path]
    refuse_inner(prefix, "moved", "move", [*rows, *_apart(prefix)])
    return rows


def _apart(prefix: Path) -> Iterator[str]:
    """What lies in folders of which an environment knows nothing."""
    for name in (USER_FOLDER, "envs"):
        folder = prefix / name
        if folder.is_dir() and not is_link(folder):
            for entry in walk(folder):
                yield f"{name}/{entry.relative}"


def search_begun(move: Relocation) -> tuple[Finder, Comparison | None]:
    """The search for `look_for`, begun with what the file table names; the rest follows.

    And the folders for `look_inside`, which helpers list first.
    """
    table, change = move.table, move.change
    if not table:
        return Finder(move.prefix, change), None
    begun = take(move.prefix, table, change.old)
    search = Finder(move.prefix, change, begun)
    if not begun:
        search.begin(searched(table))  # before there are rows: helpers work while these are made
    return search, Comparison(search.readers, move.prefix, move.sealed)


def look_for(
    move: Relocation, rows: dict[str, Row], reporter: Reporter, search: Finder | None = None
) -> Seen:
    """Search an environment, and make sure that what holds the old place can be mended.

    Args:
        move: the environment where it lies.
        rows: every path of it.
        reporter: is told.
        search: where it was begun before `rows` were known; the caller ends it.

    Raises:
        LinkError: paths would be too long, or binaries have no room for the new place.
        FilesystemError: something cannot be read or written, or there is no room on the disk.
    """
    reporter.phase("search", f"looking for {move.old}")
    refuse_rows(rows, Path(move.new), move.seal.platform)
    try:
        owners = Owners(move.prefix, rows, move.records)
        with contextlib.ExitStack() as stack:
            begun = search or stack.enter_context(Finder(move.prefix, move.change))
            found = begun.finish(rows, lambda done, of: reporter.advance(done, of, "files"))
        for path in found:  # whose size and mode may have been presumed
            rows[path] = rows[path].copy()
            look_again(move.prefix, rows[path])
        refuse_unfit(move, owners, found)
    except OSError as error:
        raise unreadable(error, move.prefix) from error
    return Seen(found, rows, owners, search.readers if search else None)
