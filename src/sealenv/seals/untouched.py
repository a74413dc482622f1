"""What `verify --fast` asks first: does anything speak for a change since it was sealed?

Most often nothing does, and then this is the whole of it: one lstat for each path, no folder listed but
those whose time is not the sealed one, since an entry that came, went or got another name changes it.
"""

from __future__ import annotations

import bisect
import operator
import os
import sys
from array import array
from collections.abc import Mapping
from pathlib import Path

from sealenv.condameta.records import is_record
from sealenv.host.reader import STATUS
from sealenv.host.readers import Readers
from sealenv.seals.filetable import FileTable
from sealenv.seals.row import FOLDER, TYPES, Row, native, root_of
from sealenv.seals.tree import OUTSIDE

__all__ = ["Statuses", "is_same", "is_untouched"]

_MODE = 8
"""Bytes of `STATUS` that are kind and mode."""


class Statuses:
    """What speaks for a change, of everything that was sealed: helpers ask until `are_as_sealed`.

    On Windows nobody does: there a folder's list tells all that, and a look at each path takes longer.

    Args:
        readers: who.
        prefix: the prefix.
        table: its file table; None: there is nothing to go by.

    Attributes:
        names: the paths.
    """

    def __init__(self, readers: Readers, prefix: Path, table: FileTable | None) -> None:
        self._prefix = prefix
        self._table = None if sys.platform == "win32" else table
        self._expected = b""
        try:
            self._expected = _expected(self._table) if self._table else b""
        except OverflowError:
            self._table = None
        self.names = self._table.names() if self._table else []
        self._task = readers.statuses_compared(root_of(prefix), self.names, self._expected)

    def are_as_sealed(self) -> bool:
        """Whether kind, mode, size, time and inode of everything are those, and nothing is new."""
        if self._table is None or not self._table.paths:
            return False
        changed = [b""]
        known = self._table.paths.split(b"\0")
        for number, answer in enumerate(self._task.finish()):
            if answer is None:
                continue
            if self._table.kinds[number] != FOLDER or isinstance(answer, OSError):
                return False
            at = number * STATUS.size
            if answer[:_MODE] != self._expected[at : at + _MODE]:
                return False
            changed.append(known[number])  # its time is another one, or its size
        return not _has_new(self._prefix, changed, known)


def is_untouched(prefix: Path, table: FileTable) -> bool:
    """The same, asked and answered at once."""
    with Readers() as readers:
        return Statuses(readers, prefix, table).are_as_sealed()


def _expected(table: FileTable) -> bytes:
    """`STATUS` of every path; column by column that takes a third of the time.

    Raises:
        OverflowError: no file has such a time, inode or size.
    """
    modes = map(operator.or_, map(TYPES.__getitem__, table.kinds), table.modes)
    columns = (
        array("q", modes), array("q", table.mtimes), array("Q", table.inodes), array("q", table.sizes),
    )  # fmt: skip
    status = array("Q", bytes(STATUS.size * len(table.kinds)))
    for number, column in enumerate(columns):
        status[number :: len(columns)] = array("Q", column.tobytes())
    return status.tobytes()


def _has_new(prefix: Path, folders: list[bytes], known: list[bytes]) -> bool:
    """Whether something lies in one of these folders that nobody knows (as the table is: sorted)."""
    root = os.fsencode(native(prefix, ""))
    outside = {name.encode() for name in OUTSIDE}
    for folder in folders:
        try:
            with os.scandir(root + folder) as entries:
                found = {entry.path[len(root) :] for entry in entries} - outside
        except OSError:
            return True
        for path in found:
            at = bisect.bisect_left(known, path)
            if known[at : at + 1] != [path]:
                return True
    return False


def is_same(rows: Mapping[str, Row], sealed: Mapping[str, Row]) -> bool:
    """The same question for what was looked at already."""
    missing = len(sealed)
    for path, row in rows.items():
        then = sealed.get(path)
        if then is None:
            if row.kind != FOLDER or is_record(path):
                return False
            continue
        missing -= 1
        if row.kind == then.kind == FOLDER:
            same = row.mode == then.mode and not row.problem
        else:
            same = row.same_stat(then)
        if not same:
            return False
    return missing == 0
