"""The file table beside the seal, `conda-meta/sealenv.files`: what every path was when it was sealed.

A head, and three columns (docs/reference/seal.md). `verify` hands them to its helpers as they are,
before anything else is known of the environment: so nothing is imported here that takes long.
"""

from __future__ import annotations

import hashlib
import os
import stat
import struct
import sys
from array import array
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from sealenv.errors import RecordError
from sealenv.layout import FILES
from sealenv.seals.path import TYPES
from sealenv.system.files import read_known, read_regular, write_atomic
from sealenv.system.reader import STATUS, Source, identity, leads_outside

__all__ = ["DIGEST", "SCHEMA", "FileTable", "pack", "read_file", "read_table", "write_files"]

SCHEMA = 2
DIGEST = 32
"""Bytes of one."""
_HEAD = struct.Struct("<8sII")
_NAME = b"sealenv\n"
_KINDS = {kind: letter for letter, kind in TYPES.items()}
_MOST = 128 << 20
"""Bytes of a table: that is a million paths."""


class FileTable:
    """A table, and its columns: one value a path, in the order of the paths.

    Args:
        data: the table as it is on disk.
        file: which file it was read from: its path, and its `reader.identity`.

    Attributes:
        count: of how many paths.
        statuses: 32 bytes each, see `host.reader.STATUS`; a link has size 0.
        paths: relative paths with `/`, UTF-8, a NUL between two; sorted.

    Raises:
        ValueError: it is none, or of another sealenv.
    """

    def __init__(self, data: bytes, file: tuple[bytes, tuple[int, ...]] | None = None) -> None:
        self._data = data
        self._file = file
        self.count = _count(data)
        self._digests = _HEAD.size + self.count * STATUS.size
        self.statuses = data[_HEAD.size : self._digests]
        self.paths = data[self._digests + self.count * DIGEST :]
        there = self.paths.count(b"\0") + 1 if self.paths else 0
        if there != self.count:
            raise ValueError("its columns have different lengths")

    @cached_property
    def sha256(self) -> str:
        """Of the whole, as the seal has it."""
        return hashlib.sha256(self._data).hexdigest()

    @property
    def source(self) -> Source | None:
        """Where paths and statuses are in that file, for who has not read it."""
        paths = len(self._data) - len(self.paths)
        return (*self._file, paths, _HEAD.size) if self._file else None

    @property
    def digests(self) -> bytes:
        """32 bytes each: sha256 of the file, or of the link's text; zeros for a folder."""
        return self._data[self._digests : self._digests + self.count * DIGEST]

    def names(self) -> list[str]:
        """The paths; bytes that are no UTF-8 as surrogates."""
        return self.paths.decode("utf-8", "surrogateescape").split("\0") if self.paths else []

    def digest_list(self) -> list[bytes]:
        """The digests one by one."""
        digests = self.digests
        return [digests[at : at + DIGEST] for at in range(0, len(digests), DIGEST)]

    def modes(self) -> array[int]:
        """Kind and permission bits of each."""
        return self._column(0)

    def sizes(self) -> array[int]:
        """The size of each in bytes."""
        return self._column(3)

    def kinds(self) -> list[str]:
        """The kind of each: a letter (`seals.path`)."""
        modes = self.modes()
        letters = {mode: _KINDS[stat.S_IFMT(mode)] for mode in set(modes)}
        return list(map(letters.__getitem__, modes))

    def count_files(self) -> int:
        """How many of them are files or links."""
        modes = self.modes()
        return sum(modes.count(mode) for mode in set(modes) if not stat.S_ISDIR(mode))

    def _column(self, number: int) -> array[int]:
        return self._numbers[number :: STATUS.size // self._numbers.itemsize]

    @cached_property
    def _numbers(self) -> array[int]:
        numbers = array("Q", self.statuses)
        if sys.byteorder == "big":
            numbers.byteswap()
        return numbers

    @cached_property
    def fault(self) -> str:
        """Why nobody can go by it; empty where all can. Column by column, so it is quick."""
        if self.paths and leads_outside(self.paths.replace(b"\0", b"/")):
            return "it has a path outside the environment"
        return self.fault_of_statuses

    @cached_property
    def fault_of_statuses(self) -> str:
        """The same, of these alone."""
        modes = set(self.modes())
        if any(mode >> 16 for mode in modes):
            return "it has a mode that cannot be"
        if any(stat.S_IFMT(mode) not in _KINDS for mode in modes):
            return "it has a kind of path that is not known"
        if max(self.sizes(), default=0) >> 63:
            return "it has a size that cannot be"
        return ""


def _count(data: bytes) -> int:
    """Of how many paths it is a table, as it says."""
    if len(data) < _HEAD.size or not data.startswith(_NAME):
        raise ValueError("it does not begin as one")
    schema: int
    count: int
    _, schema, count = _HEAD.unpack_from(data)
    if schema != SCHEMA:
        raise ValueError(f"it has schema {schema}; this sealenv knows {SCHEMA}")
    return count


def pack(paths: Sequence[bytes], statuses: bytes, digests: bytes) -> bytes:
    """A table of these columns; the paths are sorted."""
    head = _HEAD.pack(_NAME, SCHEMA, len(paths))
    return b"".join((head, statuses, digests, b"\0".join(paths)))


def write_files(prefix: Path, data: bytes) -> None:
    """Write a table: before the seal, which names it by its digest."""
    write_atomic(prefix / FILES, data)


def read_file(prefix: Path) -> FileTable | None:
    """The table that lies there, whether the seal names it or not; None where it is none."""
    try:
        path = prefix / FILES
        data, status = read_known(path, most=_MOST)
        return FileTable(data, (os.fsencode(path), identity(status)))
    except (OSError, ValueError):
        return None


def read_table(
    prefix: Path, sha256: str | None, read: FileTable | None = None, *, trusting: bool = False
) -> FileTable | None:
    """The table; None where there is none.

    Args:
        prefix: the prefix.
        sha256: what the seal says of it; None: the seal is of a sealenv that made no table.
        read: what lay there a moment ago.
        trusting: it will do that it is the one that was sealed, whatever it says.

    Raises:
        RecordError: it cannot be read, or is not the one that the seal names.
    """
    if sha256 is None:
        return None
    try:
        table = read
        if table is None or table.sha256 != sha256:
            data = read_regular(prefix / FILES, most=_MOST)
            if hashlib.sha256(data).hexdigest() != sha256:
                raise _unusable(prefix, "is not the one that was sealed")
            table = FileTable(data)
        if not trusting and table.fault:
            raise _unusable(prefix, f"cannot be used: {table.fault}")
        return table
    except ValueError as error:
        raise _unusable(prefix, f"cannot be used: {error}") from error
    except OSError as error:
        raise _unusable(prefix, f"cannot be read: {error.strerror or error}") from error


def _unusable(prefix: Path, why: str) -> RecordError:
    return RecordError(
        f"the file table {why}",
        where=str(prefix / FILES),
        hint="sealenv verify without --fast goes by the packages' records",
    )
