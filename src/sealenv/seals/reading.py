"""A sealed prefix whose files are being read: those of the file table, before anything else is known."""

from __future__ import annotations

from pathlib import Path

from sealenv.host.readers import Readers
from sealenv.seals.digests import Hashing
from sealenv.seals.sealed import read_sealed

__all__ = ["Reading", "begin", "begin_early"]


class Reading:
    """What was sealed, and helpers at work on it. A context: at its end they end.

    Attributes:
        then: seal and file table.
        readers: who reads.
        hashing: the digests of what the table calls files.
    """

    def __init__(self, prefix: Path) -> None:
        self.then = read_sealed(prefix)
        self.readers = Readers()
        self.hashing = Hashing.of_table(self.readers, prefix, self.then.table)

    def __enter__(self) -> Reading:
        return self

    def __exit__(self, *_: object) -> None:
        self.readers.__exit__()


_early: dict[Path, Reading] = {}


def begin(prefix: Path) -> Reading:
    """Begin to read, or go on with what was begun early."""
    return _early.pop(prefix, None) or Reading(prefix)


def begin_early(prefix: Path) -> None:
    """Begin now what a command is going to ask for: it is under way while we import.

    Who never asks loses nothing, the helpers end with us.
    """
    _early[prefix] = Reading(prefix)
