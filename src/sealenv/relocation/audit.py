"""Find the files of a prefix that hold its path, or one that it had, and what that means.

Every file is searched; those with a hit are read again. Nothing is written, no link is followed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from sealenv.fields import AbsolutePath, Count, InPrefix
from sealenv.layout import FILES, PKGS, SEAL, USER_FOLDER, is_windows, script_dir
from sealenv.portability.patch import Patched, is_fixable
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.classify import Held, PathFinding, judge
from sealenv.relocation.edits import Change, RefusedError
from sealenv.relocation.find import (
    Data,
    Occurrence,
    Paths,
    absolute,
    in_compiled,
    is_compiled,
    mapped,
    may_hold,
    occurrences,
)
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.rewrite import LINE, rewrite
from sealenv.seals.seal import Seal, is_at, read_sealed
from sealenv.seals.snapshot import FILE, LINK, Row, native, source_of, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.hashing import sha256_of

_OUTSIDE = frozenset({PKGS, "envs", FILES})
"""Package caches and further environments of a conda installation, and the file table."""
_STEP = 100
"""Files between two reports of progress."""
_LARGEST = 16 << 20
"""No launcher is larger."""


class Audited(msgspec.Struct, frozen=True, kw_only=True):
    """What `audit` found.

    Attributes:
        prefix: the environment.
        platform: its subdir.
        sealed: whether it has a readable seal: `move` needs one.
        moved_by_hand: whether it is not where its seal says.
        former: where it was, by its seal: before it was moved by hand, and before moves that left files.
        files: how many files and links were searched.
        matters: how many findings matter.
        left: how many of them neither `move` nor `audit --fix` rewrites.
        patched: the files that `fix` made relative; None without it.
        registered: the files that hold the path, and that `move` rewrites; None without `fix`.
        findings: by path.
    """

    prefix: AbsolutePath
    platform: str
    sealed: bool
    moved_by_hand: bool
    former: tuple[str, ...]
    files: Count
    matters: Count
    left: Count
    patched: tuple[Patched, ...] | None = None
    registered: tuple[InPrefix, ...] | None = None
    findings: tuple[PathFinding, ...]


def audit(prefix: Path, *, reporter: Reporter = QUIET) -> Audited:
    """Search everything in a prefix for its path and for those that its seal names.

    Args:
        prefix: an environment in any state.
        reporter: shows the progress.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    reporter.phase("audit", "searching for paths")
    seal = read_sealed(prefix).seal
    at_home = seal is None or is_at(seal, prefix)
    former = dict.fromkeys(seal.former if seal else ())
    if seal and not at_home:
        former[seal.prefix] = None
    records, _ = scan_records(prefix)
    platform = seal.platform if seal else _platform_of(records)
    rows = take_snapshot(prefix, outside=_OUTSIDE)
    job = _Audit(prefix, platform, seal, at_home, tuple(former), rows, records)
    held, findings = job.search(reporter)
    findings += job.judge(held)
    findings.sort(key=lambda f: (not f.found, f.path, f.whose, f.found))
    return Audited(
        prefix=prefix, platform=platform, sealed=seal is not None, moved_by_hand=not at_home,
        former=tuple(former), files=len(job.searched), matters=sum(f.matters for f in findings),
        left=sum(f.left for f in findings), findings=tuple(findings),
    )  # fmt: skip


def _platform_of(records: Iterable[PrefixRecord]) -> str:
    subdirs = {record.subdir for record in records} - {"", "noarch"}
    return min(subdirs) if subdirs else current_platform()


@dataclass(frozen=True)
class _Audit:
    """One audit: searches files and links one after the other, then decides what each path means."""

    prefix: Path
    platform: str
    seal: Seal | None
    at_home: bool
    former: tuple[str, ...]
    rows: Mapping[str, Row]
    records: Sequence[PrefixRecord]

    @cached_property
    def searched(self) -> list[Row]:
        """The files and links."""
        return [row for row in self.rows.values() if row.kind in (FILE, LINK)]

    @cached_property
    def _own(self) -> tuple[str, str]:
        """The path as it was given, and without links in its parents."""
        return absolute(os.fspath(self.prefix)), absolute(os.path.realpath(self.prefix))

    @cached_property
    def _wanted(self) -> Paths:
        places = [*self._own]
        for place in self.former:
            with contextlib.suppress(ValueError):  # the seal does not name a path
                places.append(absolute(place))
        return Paths.of(places, self.platform)

    @cached_property
    def _place(self) -> str:
        """The path that `move` would replace; without a seal that of the prefix."""
        return self.seal.prefix if self.seal else os.fspath(self.prefix)

    @cached_property
    def _longer(self) -> Change | None:
        """A move to a longer path: what it cannot rewrite, no move can."""
        try:
            return Change.between(self._place, f"{self._place}x", self.platform)
        except ValueError:
            return None

    def search(self, reporter: Reporter) -> tuple[list[Held], list[PathFinding]]:
        """Return the paths in files and links, and the files that cannot be read."""
        held: list[Held] = []
        unread = []
        for number, row in enumerate(self.searched):
            if number % _STEP == 0:
                reporter.advance(number, len(self.searched), "files")
            try:
                if row.problem:
                    unread.append(_unreadable(row, row.problem))
                else:
                    held += self._held_by(row)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it was deleted in the meantime
            except OSError as error:
                unread.append(_unreadable(row, error.strerror or str(error)))
        return held, unread

    def _held_by(self, row: Row) -> list[Held]:
        name = native(self.prefix, row.path)
        if row.kind == LINK:
            text = os.fsencode(os.readlink(os.fsdecode(name)))
            return self._grouped(row, occurrences(text, self._wanted), b"")
        if not may_hold(name, self._wanted):
            return []
        with mapped(name) as data:
            found = list(occurrences(data, self._wanted))
            if not found and is_compiled(row.path, data[:4]):
                found = list(in_compiled(data, self._wanted))
            return self._grouped(row, found, data)

    def _grouped(self, row: Row, found: Iterable[Occurrence], data: Data) -> list[Held]:
        """Return one entry for each path, and one for both names of the environment itself."""
        groups: dict[tuple[str, str], list[int]] = {}
        for item in found:
            own = item.place in self._own
            if not own and row.path == SEAL and self.at_home:
                continue  # the seal names former places
            key = ("own", os.fspath(self.prefix)) if own else ("former", item.place)
            groups.setdefault(key, []).append(item.start)
        launcher = data[:2] == b"MZ" and _is_windows_script(row.path)
        first, end = _interpreter(data, launcher)
        return [
            Held(row, whose, place, len(starts), launcher, any(first <= at < end for at in starts))
            for (whose, place), starts in groups.items()
        ]

    def judge(self, held: Sequence[Held]) -> list[PathFinding]:
        """Decide what each path means; report a file that cannot be read."""
        owners = Owners(self.prefix, self.rows, self.records)
        ours = {SEAL, FILES, *(self.seal.activation if self.seal else ())}
        holding = {h.row.path for h in held}
        found = []
        for h in held:
            path, owner = h.row.path, owners.of(h.row.path)
            source = source_of(path)
            stays = source is None or source not in self.rows or source in holding
            try:
                fix, unfixed = self._fix_of(h, owners)
            except OSError as error:
                found.append(_unreadable(h.row, error.strerror or str(error)))
                continue
            matters, why = judge(h, owner, ours=path in ours, runs=self._runs(h.row), stays=stays)
            if unfixed == SHIPPED:
                matters, why = False, SHIPPED
            elif matters and unfixed:
                why = f"{why}, and {unfixed}"
            name = "sealenv" if path in ours else owner.name
            found.append(PathFinding(path, name, h.whose, h.found, h.count, matters, why, fix))
        return found

    def _runs(self, row: Row) -> bool:
        if is_windows(self.platform):
            return row.path.startswith(f"{script_dir(self.platform)}/") or row.path.endswith(".exe")
        return bool(row.mode & 0o111)

    def _fix_of(self, held: Held, owners: Owners) -> tuple[str, str]:
        """Return what rewrites the file (`FIXES`), and why nothing better does."""
        path = held.row.path
        if held.whose == "former" and (self.at_home or held.found != self._place):
            return "none", "an earlier move has left it"
        if path.startswith(f"{USER_FOLDER}/"):
            return "none", "nothing of yours is changed"
        if held.row.kind == LINK or self._longer is None:
            return "move", ""
        if held.whose == "own" and is_fixable(self.prefix, path, self.platform):
            return "relative", ""
        if held.whose == "own" and not self.at_home:
            return "move", ""  # it was rewritten before the move was interrupted
        name = native(self.prefix, path)
        if owners.is_shipped(path, sha256_of(name)):
            return "none", SHIPPED
        try:
            with mapped(name) as data:
                longer = rewrite(path, data, self._longer, owners.of(path))
        except RefusedError as error:
            if error.over:  # `move` reports that before it changes anything
                return "move", ""
            return ("length" if error.same_length else "none"), error.what
        return ("move", "") if longer.needed else ("none", "it is not the path of the seal")


def _unreadable(row: Row, why: str) -> PathFinding:
    return PathFinding(row.path, None, "own", "", 0, True, f"it cannot be searched: {why}", "none")


def _is_windows_script(path: str) -> bool:
    path = path.lower()
    return path.startswith("scripts/") and path.endswith(".exe")


def _interpreter(data: Data, launcher: bool) -> tuple[int, int]:
    """Return where the interpreter is named.

    A script names it in the first line, or in the second of two lines of sh; a Windows launcher in the
    line before the archive.
    """
    if data[:2] == b"#!":
        end = data.find(b"\n", 10 if data[:18] == b"#!/bin/sh\n'''exec'" else 0)
        return 0, end if end >= 0 else len(data)
    found = LINE.search(data) if launcher and len(data) <= _LARGEST else None
    return found.span() if found else (0, 0)
