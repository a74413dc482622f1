"""A sealed prefix whose files are being read, or asked, before anything else is known of it."""

from __future__ import annotations

from pathlib import Path

from sealenv.host.readers import Readers
from sealenv.seals.digests import Hashing
from sealenv.seals.sealed import read_sealed
from sealenv.seals.untouched import Statuses

__all__ = ["Reading", "begin", "begin_early"]


class Reading:
    """What was sealed, and helpers at work on it. A context: at its end they end.

    Attributes:
        then: seal and file table.
        readers: who reads.
        hashing: the digests of what the table calls files; of nothing if it is to be fast.
        statuses: sizes and times of everything that the table names, if it is to be fast.
    """

    def __init__(self, prefix: Path, *, fast: bool = False) -> None:
        self.then = then = read_sealed(prefix)
        self.readers = Readers()
        self.hashing = Hashing.of_table(self.readers, prefix, None if fast else then.table)
        self.statuses = Statuses(self.readers, prefix, then.table if fast else None)

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.readers.__exit__()


_early: dict[tuple[Path, bool], Reading] = {}


def begin(prefix: Path, *, fast: bool = False) -> Reading:
    """Begin to read, or go on with what was begun early.

    Args:
        prefix: the prefix.
        fast: files are not read, but asked for what speaks for a change.
    """
    return _early.pop((prefix, fast), None) or Reading(prefix, fast=fast)


def begin_early(prefix: Path, *, fast: bool = False) -> None:
    """Begin now what a command is going to ask for: it is under way while we import.

    Who never asks loses nothing, the helpers end with us.
    """
    _early[prefix, fast] = Reading(prefix, fast=fast)
