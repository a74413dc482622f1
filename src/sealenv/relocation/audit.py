"""Which files of a prefix hold its path, or one that it had, and to which package they belong.

Every file is searched; those in which something is found are looked at again. Nothing is written, no
link is followed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sealenv.layout import FILES, PKGS, SEAL, is_windows, script_dir
from sealenv.prefix.records import PrefixRecord, scan_records
from sealenv.progress import QUIET, Reporter
from sealenv.relocation.classify import Held, Owner, classify
from sealenv.relocation.file_owners import owners_of
from sealenv.relocation.finding import PathFinding
from sealenv.relocation.inspect import Place, held_by_file, held_by_link
from sealenv.relocation.mends import Mends
from sealenv.relocation.places import places_of
from sealenv.relocation.search import Search
from sealenv.seals.check_compiled import source_of
from sealenv.seals.seal import Seal, is_at, read_sealed
from sealenv.seals.snapshot import FILE, LINK, Row, native, take_snapshot
from sealenv.spec.model import current_platform
from sealenv.system.files import open_regular

__all__ = ["Audit", "audit"]

_OUTSIDE = frozenset({PKGS, "envs", FILES})
"""Package caches and further environments, which move with a conda installation as they are; and the
file table, which is digests."""
_STEP = 100
"""Files between two reports of progress."""


@dataclass(frozen=True)
class Audit:
    """What was found.

    Attributes:
        prefix: the environment.
        platform: its subdir.
        seal: None where there is none that can be read.
        former: where it was, by its seal: before it was moved by hand, and before moves that left files.
        files: how many files and links were searched.
        findings: by path.
    """

    prefix: Path
    platform: str
    seal: Seal | None
    former: tuple[str, ...]
    files: int
    findings: tuple[PathFinding, ...]

    @property
    def moved_by_hand(self) -> bool:
        """Whether it is not where its seal says."""
        return self.seal is not None and not is_at(self.seal, self.prefix)

    @property
    def left(self) -> tuple[PathFinding, ...]:
        """Findings that matter and that nothing fixes."""
        return tuple(f for f in self.findings if f.left)


def audit(
    prefix: Path,
    *,
    former: Iterable[str] = (),
    reporter: Reporter | None = None,
) -> Audit:
    """Search everything in a prefix for paths.

    Args:
        prefix: of an environment in any state.
        former: further places that it was at; those that its seal names are looked for anyway.
        reporter: shows how far it is.

    Raises:
        FilesystemError: a folder cannot be read.
    """
    reporter = reporter or QUIET
    reporter.phase("audit", "searching for paths")
    seal = read_sealed(prefix).seal
    gone = dict.fromkeys([*former, *(seal.former if seal else ())])
    if seal and not is_at(seal, prefix):
        gone[seal.prefix] = None
    records, _ = scan_records(prefix)
    platform = seal.platform if seal else _platform_of(records)
    places = places_of(prefix, platform, gone)
    rows = take_snapshot(prefix, outside=_OUTSIDE)
    searched = [row for row in rows.values() if row.kind in (FILE, LINK)]
    held: list[Held] = []
    unread = [_unread(row.path, row.problem) for row in rows.values() if row.problem]
    search = Search([place.spellings for place in places])
    for number, row in enumerate(searched):
        if number % _STEP == 0:
            reporter.advance(number, len(searched), "files")
        try:
            if not row.problem:
                held += _held_by(prefix, row, platform, places, search)
        except (FileNotFoundError, NotADirectoryError):
            continue  # it went away meanwhile
        except OSError as error:
            unread.append(_unread(row.path, error.strerror or str(error)))
    reporter.advance(len(searched), len(searched), "files")
    if seal and is_at(seal, prefix):
        held = [
            h for h in held if (h.path, h.whose) != (SEAL, "former")
        ]  # it says where files have been
    holding = {h.path for h in held}
    if seal is None:
        unread += _made_elsewhere(records, rows, {h.path for h in held if h.whose == "own"})
    owners = owners_of(prefix, seal, rows, records, holding)
    mends = Mends(prefix, platform, seal)
    found = []
    for h in held:
        owner = owners.get(h.path, Owner())
        try:
            found.append(classify(_with_source(h, holding, rows), owner, *mends.of(h, owner)))
        except OSError as error:
            unread.append(_unread(h.path, error.strerror or str(error)))
    found.sort(key=lambda f: (f.path, f.whose, f.found))
    return Audit(prefix, platform, seal, tuple(gone), len(searched), (*found, *unread))


def _platform_of(records: Iterable[PrefixRecord]) -> str:
    subdirs = {record.subdir for record in records} - {"", "noarch"}
    return min(subdirs) if subdirs else current_platform()


def _held_by(
    prefix: Path, row: Row, platform: str, places: list[Place], search: Search
) -> list[Held]:
    """Return what a file or link holds; few files are read twice.

    Raises:
        OSError: it cannot be read.
    """
    name = native(prefix, row.path)
    if row.kind == LINK:
        text = os.readlink(os.fsdecode(name))
        return held_by_link(row.path, text, places)
    if not search.hits(name):
        return []
    if is_windows(platform):
        runs = row.path.startswith(f"{script_dir(platform)}/") or row.path.endswith(".exe")
    else:
        runs = bool(row.mode & 0o111)
    with open_regular(name, follow=False) as file:
        return held_by_file(file, row.path, places, runs=runs)


def _with_source(held: Held, holding: set[str], rows: Mapping[str, Row]) -> Held:
    """Note whether the source of a compiled file holds the path too, or is not there."""
    source = source_of(held.path)
    if source is None or source not in rows:
        return held
    return replace(held, with_source=source in holding)


def _made_elsewhere(
    records: Iterable[PrefixRecord], rows: Mapping[str, Row], own: set[str]
) -> list[PathFinding]:
    """Files into which some path was written, where none of them holds that of the environment.

    Without a seal it is not known which path it was.
    """
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


def _unread(path: str, why: str) -> PathFinding:
    return PathFinding(path, None, "unreadable", "own", "", {}, True, why, "none")
