"""Which files two environments may share, and making the tree of a clone."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from sealenv.layout import Entry
from sealenv.progress import Reporter
from sealenv.relocation.copying import (
    Twins,
    copy_one,
    end_folders,
    make_folders,
    prepare,
)
from sealenv.relocation.place import Relocation
from sealenv.seals.path import FILE
from sealenv.seals.row import Row, look_again

__all__ = ["copy_or_link", "rows_there", "shareable", "shareable_compiled"]


def shareable(move: Relocation, rows: Mapping[str, Row]) -> set[str]:
    """The files with a package's own bytes, which hold no place and which nobody writes in place.

    Told by the file table and by size, time, inode and mode, as `verify --fast` does; nothing is read.
    """
    sealed = move.sealed
    shared = set()
    for record in move.records:
        for entry in record.paths_data.paths:
            if entry.path_type != "hardlink" or entry.prefix_placeholder is not None:
                continue
            row, then = rows.get(entry.path), sealed.get(entry.path)
            if (
                row is not None
                and then is not None
                and row.kind == FILE
                and row.same_stat(then)
                and then.digest.hex() == entry.sha256
            ):
                shared.add(entry.path)
    return shared


def shareable_compiled(
    move: Relocation, rows: Mapping[str, Row], found: Collection[str]
) -> set[str]:
    """Compiled files as they were sealed that do not hold the place: Python replaces them, always.

    Args:
        move: the relocation.
        rows: what was searched.
        found: what holds the place.
    """
    sealed = move.sealed
    return {
        path
        for path, row in rows.items()
        if path.endswith(".pyc")
        and row.kind == FILE
        and path not in found
        and (then := sealed.get(path)) is not None
        and row.same_stat(then)
    }


def copy_or_link(
    source: Path, entries: Sequence[Entry], target: Path, links: Collection[str], reporter: Reporter
) -> tuple[set[str], int]:
    """Make the tree; what was linked, and how many files were copied.

    Args:
        source: the other environment.
        entries: what is in it.
        target: a prefix that the caller holds.
        links: what is linked, where the file system does that.
        reporter: is told.

    Raises:
        OSError: as the operating system says.
    """
    prepare(target, entries, reporter)
    make_folders(target, entries)
    linked, copied = set(), 0
    root = os.fspath(target) + os.sep
    able, twins = True, Twins()
    for number, entry in enumerate(entries):
        if entry.is_dir:
            continue
        if able and entry.relative in links:
            try:
                os.link(entry.path, root + entry.relative)
                linked.add(entry.relative)
                continue
            except OSError:  # another file system, or one without links, or too many of them
                able = entry.status.st_nlink > 1000
        copy_one(entry, target, twins)
        copied += not entry.is_link
        if number % 500 == 0:
            reporter.advance(number, len(entries), "files")
    end_folders(source, target, entries)
    return linked, copied


def rows_there(target: Path, rows: Mapping[str, Row], linked: Collection[str]) -> dict[str, Row]:
    """What lies in the target: what is linked is what it is in the source.

    Raises:
        OSError: something is gone.
    """
    there = {}
    for path, row in rows.items():
        if path not in linked:
            row = row.copy()
            look_again(target, row)
        there[path] = row
    return there
