"""Find the files of a prefix that hold its path, or one that it had, and the packages that own them.

Every file is searched; those with a hit are read again. Nothing is written, no link is followed.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import msgspec

from sealenv.fields import AbsolutePath, Count, InPrefix
from sealenv.layout import FILES, PKGS, SEAL, USER_FOLDER, is_windows, script_dir
from sealenv.portability.patch import Patched, is_fixable
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.classify import HEAD, Held, PathFinding, classify, is_windows_script
from sealenv.relocation.edits import Change, RefusedError
from sealenv.relocation.find import (
    Occurrence,
    Search,
    in_compiled,
    is_compiled,
    occurrences,
    occurrences_in,
)
from sealenv.relocation.forms import Paths, absolute
from sealenv.relocation.interpreter import LINE
from sealenv.relocation.owners import SHIPPED, Owners
from sealenv.relocation.rewrite import rewrite
from sealenv.seals.check_compiled import source_of
from sealenv.seals.seal import Seal, is_at, read_sealed
from sealenv.seals.snapshot import FILE, LINK, Row, native, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.files import open_regular
from sealenv.system.hashing import sha256_of

__all__ = ["Audited", "audit"]

_OUTSIDE = frozenset({PKGS, "envs", FILES})
"""Package caches and further environments of a conda installation, and the file table."""
_STEP = 100
"""Files between two reports of progress."""
_LARGEST = 64 << 20
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
    looked_at = [row for row in rows.values() if row.kind in (FILE, LINK)]
    searcher = _Searcher(prefix, platform, _wanted(prefix, platform, former))
    held, findings = searcher.all(looked_at, reporter)
    if seal and at_home:  # the seal names former places
        held = [h for h in held if (h.path, h.whose) != (SEAL, "former")]
    if seal is None:
        findings += _made_elsewhere(records, rows, {h.path for h in held if h.whose == "own"})
    findings += _Judge(prefix, platform, seal, rows, records).findings(held)
    findings.sort(key=lambda f: (f.kind == "unreadable", f.path, f.whose, f.found))
    return Audited(
        prefix=prefix, platform=platform, sealed=seal is not None, moved_by_hand=not at_home,
        former=tuple(former), files=len(looked_at), matters=sum(f.matters for f in findings),
        left=sum(f.left for f in findings), findings=tuple(findings),
    )  # fmt: skip


def _platform_of(records: Iterable[PrefixRecord]) -> str:
    subdirs = {record.subdir for record in records} - {"", "noarch"}
    return min(subdirs) if subdirs else current_platform()


def _wanted(prefix: Path, platform: str, former: Iterable[str]) -> Paths:
    places = [os.fspath(prefix), os.path.realpath(prefix)]
    for place in former:
        with contextlib.suppress(ValueError):  # the seal does not name a path
            places.append(absolute(place))
    return Paths.of(places, platform)


@dataclass(frozen=True)
class _Searcher:
    """Searches files and links, one after the other."""

    prefix: Path
    platform: str
    wanted: Paths

    @cached_property
    def _own(self) -> frozenset[str]:
        return frozenset(
            {absolute(os.fspath(self.prefix)), absolute(os.path.realpath(self.prefix))}
        )

    @cached_property
    def _search(self) -> Search:
        return Search(self.wanted)

    def all(self, rows: Sequence[Row], reporter: Reporter) -> tuple[list[Held], list[PathFinding]]:
        """Return the paths in files and links, and the files that cannot be read."""
        held: list[Held] = []
        unread = []
        for number, row in enumerate(rows):
            if number % _STEP == 0:
                reporter.advance(number, len(rows), "files")
            try:
                if row.problem:
                    unread.append(PathFinding.unreadable(row.path, row.problem))
                else:
                    held += self._held_by(row)
            except (FileNotFoundError, NotADirectoryError):
                continue  # it was deleted in the meantime
            except OSError as error:
                unread.append(PathFinding.unreadable(row.path, error.strerror or str(error)))
        reporter.advance(len(rows), len(rows), "files")
        return held, unread

    def _held_by(self, row: Row) -> list[Held]:
        name = native(self.prefix, row.path)
        if row.kind == LINK:
            text = os.fsencode(os.readlink(os.fsdecode(name)))
            found = [*occurrences(text, self.wanted)]
            return self._grouped(row, found, b"", (0, 0))
        if not self._search.hits(name):
            return []
        with open_regular(name, follow=False) as file:
            head = file.read(HEAD)
            file.seek(0)
            found = [*occurrences_in(file, self.wanted)]
            if not found and is_compiled(row.path, head):
                file.seek(0)
                found = [*in_compiled(file.read(), self.wanted)]
            return self._grouped(row, found, head, _interpreter(file, row.path, head))

    def _grouped(
        self, row: Row, found: Iterable[Occurrence], head: bytes, line: tuple[int, int]
    ) -> list[Held]:
        """Return one entry for each path, and one for both names of the environment itself."""
        groups: dict[tuple[str, str], list[Occurrence]] = {}
        for item in found:
            own = item.place in self._own
            key = ("own", os.fspath(self.prefix)) if own else ("former", item.place)
            groups.setdefault(key, []).append(item)
        return [
            Held(
                row.path, whose, place, dict(Counter(item.form for item in group)), head,
                link=row.kind == LINK, runs=self._runs(row),
                interpreter=any(line[0] <= item.start < line[1] for item in group),
            )
            for (whose, place), group in groups.items()
        ]  # fmt: skip

    def _runs(self, row: Row) -> bool:
        if is_windows(self.platform):
            return row.path.startswith(f"{script_dir(self.platform)}/") or row.path.endswith(".exe")
        return bool(row.mode & 0o111)


def _interpreter(file: BinaryIO, path: str, head: bytes) -> tuple[int, int]:
    """Return where the interpreter is named.

    A script names it in the first line, or in the second of two lines of sh; a Windows launcher in the
    line before the archive.
    """
    if head.startswith(b"#!"):
        end = head.find(b"\n", 10 if head.startswith(b"#!/bin/sh\n'''exec'") else 0)
        return 0, end if end >= 0 else len(head)
    program = head.startswith(b"MZ") and is_windows_script(path)
    if not program or file.seek(0, io.SEEK_END) > _LARGEST:
        return 0, 0
    file.seek(0)
    found = LINE.search(file.read())
    return found.span() if found else (0, 0)


def _made_elsewhere(
    records: Iterable[PrefixRecord], rows: Mapping[str, Row], own: set[str]
) -> list[PathFinding]:
    """Report an environment without a seal whose files with a placeholder hold another path."""
    wanted = [
        (record.name, entry.path)
        for record in records
        for entry in record.paths_data.paths
        if entry.prefix_placeholder and entry.path in rows
    ]
    if any(path in own for _, path in wanted):
        return []
    why = "its package needs the path, and it holds another: the environment was made elsewhere"
    return [
        PathFinding(path, name, "placeholder", "former", "", {}, True, why, "none")
        for name, path in wanted
    ]


@dataclass(frozen=True)
class _Judge:
    """Decides what each path means, and what `move` would do with the file."""

    prefix: Path
    platform: str
    seal: Seal | None
    rows: Mapping[str, Row]
    records: Sequence[PrefixRecord]

    @cached_property
    def _at_home(self) -> bool:
        return self.seal is None or is_at(self.seal, self.prefix)

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

    def findings(self, held: Sequence[Held]) -> list[PathFinding]:
        """Classify each path; report a file that cannot be read."""
        owners = Owners(self.prefix, self.rows, self.records)
        ours = {SEAL, FILES, *(self.seal.activation if self.seal else ())}
        holding = {h.path for h in held}
        found = []
        for h in held:
            source = source_of(h.path)
            needed = source is None or source not in self.rows or source in holding
            try:
                fix, unfixed = self._fix_of(h, owners)
            except OSError as error:
                found.append(PathFinding.unreadable(h.path, error.strerror or str(error)))
                continue
            found.append(
                classify(
                    h, owners.of(h.path), ours=h.path in ours, source=needed, fix=fix,
                    unfixed=unfixed,
                )
            )  # fmt: skip
        return found

    def _fix_of(self, held: Held, owners: Owners) -> tuple[str, str]:
        """Return what rewrites the file (`classify.FIXES`), and why nothing better does."""
        if held.whose == "former" and (self._at_home or held.found != self._place):
            return "none", "an earlier move has left it"
        if held.path.startswith(f"{USER_FOLDER}/"):
            return "none", "nothing of yours is changed"
        if held.link or self._longer is None:
            return "move", ""
        if held.whose == "own" and is_fixable(self.prefix, held.path, self.platform):
            return "relative", ""
        if held.whose == "own" and not self._at_home:
            return "move", ""  # it was rewritten before the move was interrupted
        name = native(self.prefix, held.path)
        if owners.is_shipped(held.path, sha256_of(name)):
            return "none", SHIPPED
        try:
            with open_regular(name, follow=False) as file:
                longer = rewrite(held.path, file, self._longer, owners.hints(held.path))
        except RefusedError as error:
            if error.over:  # `move` reports that before it changes anything
                return "move", ""
            return ("length" if error.same_length else "none"), error.what
        return ("move", "") if longer.needed else ("none", "it is not the path of the seal")
