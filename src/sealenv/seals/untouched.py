"""What `verify --fast` asks first: does anything speak for a change since it was sealed?

Most often nothing does, and then this is the whole of it: one lstat for each path, no folder listed but
those whose time is not the sealed one, since an entry that came, went or got another name changes it.
"""

from __future__ import annotations

import bisect
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.layout import META, OUTSIDE, is_record
from sealenv.seals.filetable import FileTable
from sealenv.seals.path import FOLDER, native, root_of
from sealenv.system.reader import STATUS
from sealenv.system.readers import Readers

if TYPE_CHECKING:
    from sealenv.seals.row import Row

__all__ = ["Statuses", "is_same", "is_untouched"]

_MODE = 0
"""Where kind and mode are in a `STATUS`."""


class Statuses:
    """What speaks for a change, of everything that was sealed: helpers ask until `are_as_sealed`.

    On Windows nobody does: there a folder's list tells all that, and a look at each path takes longer.

    Args:
        readers: who.
        prefix: the prefix.
        table: its file table; None: there is nothing to go by.
    """

    def __init__(self, readers: Readers, prefix: Path, table: FileTable | None) -> None:
        self._prefix = prefix
        self._table = None if sys.platform == "win32" else table
        self._expected = self._table.statuses if self._table else b""
        paths = self._table.paths if self._table else b""
        source = self._table.source if self._table else None
        self._task = readers.statuses_compared(root_of(prefix), paths, self._expected, source)

    def __len__(self) -> int:
        return len(self._expected) // STATUS.size

    def are_as_sealed(self) -> bool:
        """Whether kind, mode, size, time and inode of everything are those, and nothing is new."""
        if self._table is None or not self._table.paths or self._table.fault_of_statuses:
            return False
        changed = [b""]
        answers = self._task.finish()
        known = self._known()
        for number, answer in enumerate(answers if any(answers) else ()):
            if answer is None:
                continue
            then = STATUS.unpack_from(self._expected, number * STATUS.size)
            if isinstance(answer, OSError) or not stat.S_ISDIR(then[_MODE]):
                return False
            if STATUS.unpack(answer)[_MODE] != then[_MODE]:
                return False
            changed.append(known[number])  # its time is another one, or its size
        return not _has_new(self._prefix, changed, known)

    def count_records(self) -> int:
        """How many of the paths are packages' records: they follow each other."""
        known = self._known()
        start, end = (bisect.bisect_left(known, META.encode() + mark) for mark in (b"/", b"0"))
        return sum(name.endswith(b".json") for name in known[start:end])

    def _known(self) -> Sequence[bytes]:
        return self._task.names


def is_untouched(prefix: Path, table: FileTable) -> bool:
    """The same, asked and answered at once."""
    with Readers() as readers:
        return Statuses(readers, prefix, table).are_as_sealed()


def _has_new(prefix: Path, folders: list[bytes], known: Sequence[bytes]) -> bool:
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
            if row.kind != FOLDER or row.problem or is_record(path):
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
