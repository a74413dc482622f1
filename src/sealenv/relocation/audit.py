"""Find the files of a prefix that hold its path, or one that it had, and what that means.

Every file is searched. Nothing is written, no link is followed.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated

import msgspec

from sealenv.fields import AbsolutePath, Count, InPrefix, one_of
from sealenv.layout import FILES, HISTORY, META, PKGS, SEAL, USER_FOLDER
from sealenv.prefix.patches import Patched, is_fixable
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.find import Data, Occurrence, Paths, absolute, mapped, occurrences, search
from sealenv.relocation.owners import NO_SOURCE, SHIPPED, Owner, Owners
from sealenv.relocation.rewrite import Change, RefusedError, rewrite
from sealenv.seals.fingerprint import ENTRY_POINTS
from sealenv.seals.seal import Seal, is_at, read_sealed
from sealenv.seals.snapshot import FILE, LINK, Row, native, source_of, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.hashing import sha256_of

WHOSE = {
    "own": "the environment itself",
    "former": "where the environment was before it was moved by hand, or by a move that could not "
    "rewrite the file",
}
"""Whose path it is."""

FIXES = {
    "relative": "`sealenv audit --fix` makes the path relative to the file",
    "move": "`sealenv move` rewrites it",
    "none": "only you can fix it",
}
"""What rewrites the file."""

_OUTSIDE = frozenset({PKGS, "envs", FILES})
"""Package caches and further environments of a conda installation, and the file table."""
_STEP = 100
"""Files between two reports of progress."""
_DOCUMENTS = re.compile(
    r"(?:share/(?:doc|man|info|licenses|gtk-doc)|man|info|doc|docs|Library/(?:share/)?(?:doc|man))/|"
    r".*(?:\.log|\.md|\.rst|\.html?|\.ipynb|\.[1-9]|/(?:tests?|testing|examples?)/[^/]+)\Z"
)


@dataclass(frozen=True)
class PathFinding:
    """One path in one file.

    Attributes:
        path: of the file, relative to the prefix, with `/`.
        owner: the package or distribution that it belongs to, if any.
        whose: one of `WHOSE`.
        found: the path that the file holds; empty if the file could not be searched.
        count: how often the file holds it.
        matters: whether something breaks at run time if it is not rewritten.
        why: why it matters or does not, as half a sentence.
        fix: one of `FIXES`.
        left: whether it matters and neither `move` nor `audit --fix` rewrites it: exit code 1.
    """

    path: InPrefix
    owner: str | None
    whose: Annotated[str, one_of(WHOSE)]
    found: str
    count: Count
    matters: bool
    why: str
    fix: Annotated[str, one_of(FIXES)]
    left: bool = field(init=False)

    def __post_init__(self) -> None:
        left = self.matters and (self.fix == "none" or self.whose == "former")
        object.__setattr__(self, "left", left)


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
    records, _ = scan_records(prefix)
    platform = seal.platform if seal else _platform_of(records)
    rows = take_snapshot(prefix, outside=_OUTSIDE)
    job = _Audit(prefix, platform, seal, rows, Owners(prefix, rows, records))
    files = [row for row in rows.values() if row.kind in (FILE, LINK)]
    findings: list[PathFinding] = []
    for number, row in enumerate(files):
        if number % _STEP == 0:
            reporter.advance(number, len(files), "files")
        findings += job.findings(row)
    findings.sort(key=lambda f: (not f.found, f.path, f.whose, f.found))
    return Audited(
        prefix=prefix, platform=platform, sealed=seal is not None, moved_by_hand=not job.at_home,
        former=job.former, files=len(files), matters=sum(f.matters for f in findings),
        left=sum(f.left for f in findings), findings=tuple(findings),
    )  # fmt: skip


def _platform_of(records: Iterable[PrefixRecord]) -> str:
    subdirs = {record.subdir for record in records} - {"", "noarch"}
    return min(subdirs) if subdirs else current_platform()


@dataclass(frozen=True)
class _Audit:
    """One audit: searches a file or link, and decides what each path in it means."""

    prefix: Path
    platform: str
    seal: Seal | None
    rows: Mapping[str, Row]
    owners: Owners

    @cached_property
    def at_home(self) -> bool:
        """Whether the environment is where its seal says."""
        return self.seal is None or is_at(self.seal, self.prefix)

    @cached_property
    def former(self) -> tuple[str, ...]:
        """The places where it was, by its seal."""
        if self.seal is None:
            return ()
        return tuple(dict.fromkeys([*self.seal.former, *([] if self.at_home else [self._place])]))

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

    def findings(self, row: Row) -> list[PathFinding]:
        """Return one finding for each path in a file or link, or for a file that cannot be read."""
        if row.problem:
            return [_unreadable(row, row.problem)]
        name = native(self.prefix, row.path)
        try:
            if row.kind == LINK:
                text = os.fsencode(os.readlink(os.fsdecode(name)))
                return list(self._judged(row, occurrences(text, self._wanted), text))
            with mapped(name) as data:
                return list(self._judged(row, search(row.path, data, self._wanted), data))
        except (FileNotFoundError, NotADirectoryError):
            return []  # it was deleted in the meantime
        except OSError as error:
            return [_unreadable(row, error.strerror or str(error))]

    def _judged(self, row: Row, found: Iterable[Occurrence], data: Data) -> Iterator[PathFinding]:
        """Yield one finding for each path, and one for both names of the environment itself."""
        groups: dict[tuple[str, str], list[int]] = {}
        for item in found:
            own = item.place in self._own
            if not own and row.path == SEAL and self.at_home:
                continue  # the seal names former places
            key = ("own", os.fspath(self.prefix)) if own else ("former", item.place)
            groups.setdefault(key, []).append(item.start)
        ours = row.path in {SEAL, FILES, *(self.seal.activation if self.seal else ())}
        owner = self.owners.of(row.path)
        for (whose, place), starts in groups.items():
            matters, why = self._why(row, owner, starts[0], data, ours=ours)
            fix, unfixed = self._fix_of(row, whose, place, data)
            if unfixed == SHIPPED:
                matters, why = False, SHIPPED
            elif matters and unfixed:
                why = f"{why}, and {unfixed}"
            name = "sealenv" if ours else owner.name
            yield PathFinding(row.path, name, whose, place, len(starts), matters, why, fix)

    def _why(
        self, row: Row, owner: Owner, first: int, data: Data, *, ours: bool
    ) -> tuple[bool, str]:
        """Return whether a path matters, and why; `first` is where it is in the data."""
        path = row.path
        folder, name = posixpath.split(path)
        if row.kind == LINK:
            return True, "the link would point to the old path"
        if ours:
            return True, "it works only at this path"
        if name == "RECORD" and folder.endswith(".dist-info"):
            return True, "pip needs it to uninstall"
        if path.startswith(f"{META}/") or folder.endswith((".dist-info", ".egg-info")):
            return (
                False,
                "it is a log of past commands" if path == HISTORY else "it records an origin",
            )
        if path.startswith(f"{USER_FOLDER}/"):
            return False, "it is your own file, and sealenv never changes those"
        if source_of(path) in self.rows:
            return False, "Python writes it again, and sets the right name when it imports it"
        if first < _first_lines(data) or (data[:2] == b"MZ" and path.lower().endswith(".exe")):
            return True, "its first line names the interpreter by this path"
        if owner.placeholder or owner.path_type in ENTRY_POINTS:
            return True, "its package needs the path in this file"
        if _DOCUMENTS.match(path):
            return False, "it is documentation"
        return True, "unknown: a program may need it"

    def _fix_of(self, row: Row, whose: str, place: str, data: Data) -> tuple[str, str]:
        """Return what rewrites the file (`FIXES`), and why nothing does."""
        path = row.path
        if whose == "former" and (self.at_home or place != self._place):
            return "none", "an earlier move has left it"
        if path.startswith(f"{USER_FOLDER}/"):
            return "none", "nothing of yours is changed"
        if row.kind == LINK or self._longer is None:
            return "move", ""
        if whose == "own" and is_fixable(self.prefix, path, self.platform):
            return "relative", ""
        if whose == "own" and not self.at_home:
            return "move", ""  # it was rewritten before the move was interrupted
        if self.owners.is_shipped(path, sha256_of(native(self.prefix, path))):
            return "none", SHIPPED
        if path.endswith(".pyc") and source_of(path) not in self.rows:
            return "none", NO_SOURCE
        try:
            longer = rewrite(path, data, self._longer, self.owners.of(path))
        except RefusedError as error:
            # `move` reports what does not fit before it changes anything.
            return ("move", "") if error.over else ("none", error.what)
        return ("move", "") if longer.needed else ("none", "it is not the path of the seal")


def _unreadable(row: Row, why: str) -> PathFinding:
    return PathFinding(row.path, None, "own", "", 0, True, f"it cannot be searched: {why}", "none")


def _first_lines(data: Data) -> int:
    """Return where the lines of a script that name its interpreter end: one, or two of sh."""
    if data[:2] != b"#!":
        return 0
    end = data.find(b"\n", 10 if data[:18] == b"#!/bin/sh\n'''exec'" else 0)
    return end if end >= 0 else len(data)
