"""Plan a relocation: read the environment and its journal, and search it, before a file is written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from sealenv.errors import (
    InterruptedMoveError,
    LinkError,
    PrefixError,
    RecordError,
    SealenvError,
    UsageError,
    from_oserror,
    unreadable,
)
from sealenv.layout import State, state_of
from sealenv.naming import shown
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import Reporter
from sealenv.relocation.find import find, mapped
from sealenv.relocation.owners import Owners
from sealenv.relocation.rewrite import Change, RefusedError, rewrite
from sealenv.seals.seal import Seal, read_seal, read_table
from sealenv.seals.snapshot import LINK, Row, native
from sealenv.system.hashing import sha256_of
from sealenv.system.volumes import refuse_full, refuse_long_paths


@dataclass(frozen=True)
class Relocation:
    """An environment whose files get another path.

    Attributes:
        prefix: where it is now.
        seal: its current seal.
        table: the rows of its file table; None if it is missing or damaged.
        records: its package records.
        olds: the paths that its files may hold; the first one is that of the seal.
        new: the path to write.
    """

    prefix: Path
    seal: Seal
    table: dict[str, Row] | None
    records: list[PrefixRecord]
    olds: tuple[str, ...]
    new: str

    @property
    def old(self) -> str:
        """The path that the environment was sealed for."""
        return self.olds[0]

    def to(self, new: str, *also: str) -> Relocation:
        """Return the relocation to another path; the files may hold further old ones."""
        olds = [old for old in dict.fromkeys([*self.olds, *also]) if old != new]
        return replace(self, olds=tuple(olds), new=new)

    @cached_property
    def change(self) -> Change:
        """The change from the old paths to the new one.

        Raises:
            UsageError: one of them is not the path of a folder.
        """
        try:
            return Change.between(self.olds, self.new, self.seal.platform)
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
    """Return whether one is a copy of the other, or both are copies of a third one."""
    return (one.created, one.lock.digest) == (other.created, other.lock.digest)


def open_relocation(prefix: Path, new: str) -> Relocation:
    """Read a sealed environment that gets the path `new`.

    Raises:
        PrefixError: it is not sealed, so the path that its files hold is unknown.
        RecordError: its seal cannot be read.
    """
    if state_of(prefix) is not State.SEALED:
        raise PrefixError(
            "only a seal records which path is in the files",
            where=str(prefix),
            hint=f"if it is where it was made, adopt it first: sealenv seal {shown(str(prefix))}",
        )
    seal = read_seal(prefix)
    try:
        table = read_table(prefix, seal.files)
    except RecordError:
        table = None  # `verify` reports that, before the move and afterwards
    return Relocation(prefix, seal, table, scan_records(prefix)[0], (seal.prefix,), new)


def search(
    move: Relocation,
    rows: dict[str, Row],
    reporter: Reporter,
    known_clean: Iterable[str] = (),
) -> list[str]:
    """Search an environment for the old path, and check that every file can get the new one.

    The files in `known_clean` are not searched. Returned are the files and links that hold it, sorted.

    Raises:
        LinkError: paths would be too long, or binaries have no room for the new path.
        FilesystemError: something cannot be read, or the disk is full.
    """
    reporter.phase("search", "searching for the old path")
    refuse_long_paths(Path(move.new), move.seal.platform, dict.fromkeys(rows, ()))
    skipped = set(known_clean)
    try:
        found = find(
            move.prefix,
            {path: row for path, row in rows.items() if path not in skipped},
            move.change.old,
            lambda done, total: reporter.advance(done, total, "files"),
        )
        _refuse_unfit(move, rows, found)
    except OSError as error:
        raise unreadable(error, move.prefix) from error
    return found


def _refuse_unfit(move: Relocation, rows: Mapping[str, Row], found: Iterable[str]) -> None:
    """Refuse a relocation if a file that holds the old path has no room for the new one."""
    owners = Owners(move.prefix, rows, move.records)
    unfit: dict[str, int] = {}
    files = [path for path in found if rows[path].kind != LINK]
    for path in files:
        name = native(move.prefix, path)
        try:
            with mapped(name) as data:
                rewrite(path, data, move.change, owners.of(path))
        except RefusedError as error:
            if error.over and not owners.is_shipped(path, sha256_of(name)):
                unfit[path] = error.over
    if unfit:
        raise does_not_fit(move, unfit)
    refuse_full(move.prefix, sum(rows[path].size for path in files))


def does_not_fit(move: Relocation, unfit: Mapping[str, int]) -> LinkError:
    """Return the error for binaries without room for the new path: path -> bytes too many."""
    length = len(os.fsencode(move.new))
    longest = length - max(unfit.values())
    return LinkError(
        f"the new path is {length} bytes long, and binaries of the environment have room for {longest}",
        where=move.new,
        details=[f"{path}: {length - over}" for path, over in sorted(unfit.items())][:20],
        hint="choose a shorter folder",
    )


@contextlib.contextmanager
def with_hint(where: Path, hint: str, *, interrupted_only: bool = False) -> Iterator[None]:
    """Add a hint to whatever ends the work in this block early, or to an interruption only.

    Raises:
        InterruptedMoveError: Ctrl-C.
        FilesystemError: an error of the operating system.
        SealenvError: what was raised, with this hint.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise InterruptedMoveError("interrupted", where=str(where), hint=hint) from None
    except (SealenvError, OSError) as error:
        raised = error if isinstance(error, SealenvError) else from_oserror(error)
        if not interrupted_only:
            raised.hint = hint
        raise raised from error
