"""A sealed prefix whose files are being read, or asked, before anything else is known of it."""

from __future__ import annotations

from pathlib import Path

from sealenv.seals.digests import Hashing
from sealenv.seals.filetable import FileTable, read_file
from sealenv.seals.untouched import Statuses
from sealenv.system.readers import Readers

__all__ = ["Reading", "begin", "begin_early"]


class _Begun:
    """Helpers at work on what a file table names."""

    def __init__(
        self, readers: Readers, prefix: Path, table: FileTable | None, *, fast: bool
    ) -> None:
        self.readers = readers
        self.table = table
        # Paths that are asked for their status are looked at by who asks.
        known = None if fast or not table or table.fault else table
        self.hashing = Hashing.of_table(readers, prefix, known)
        self.statuses = Statuses(readers, prefix, table if fast else None)


class Reading:
    """What was sealed, and helpers at work on it. A context: at its end they end.

    They have begun with what lies there as the file table. Where that is not the one that was sealed
    they begin anew, and nobody learns what they had found.

    Attributes:
        then: seal and file table; if it is to be fast, whatever that says.
        readers: who reads.
        hashing: the digests of what the table calls files; of nothing if it is to be fast.
        statuses: sizes and times of everything that the table names, if it is to be fast.
    """

    def __init__(self, prefix: Path, begun: _Begun, *, fast: bool) -> None:
        from sealenv.seals.sealed import read_sealed  # imported while the helpers work

        self.readers = begun.readers
        try:
            self.then = read_sealed(prefix, begun.table, trusting=fast)
        except BaseException:
            self.__exit__()
            raise
        if self.then.table is not begun.table:
            begun = _Begun(self.readers, prefix, self.then.table, fast=fast)
        self.hashing = begun.hashing
        self.statuses = begun.statuses

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.readers.__exit__()


_early: dict[tuple[Path, bool], _Begun] = {}


def begin(prefix: Path, *, fast: bool = False, again: bool = False) -> Reading:
    """Begin to read, or go on with what was begun early.

    Args:
        prefix: the prefix.
        fast: files are not read, but asked for what speaks for a change.
        again: who begins next goes on with the same.
    """
    begun = _early.pop((prefix, fast), None) or _begin(prefix, fast=fast)
    if again:
        _early[prefix, fast] = begun
    return Reading(prefix, begun, fast=fast)


def begin_early(prefix: Path, *, fast: bool = False) -> None:
    """Begin now what a command is going to ask for: it is under way while we import.

    Who never asks loses nothing, the helpers end with us.
    """
    _early[prefix, fast] = _begin(prefix, fast=fast)


def _begin(prefix: Path, *, fast: bool) -> _Begun:
    return _Begun(Readers(), prefix, read_file(prefix), fast=fast)
