"""Which files of a prefix hold a path."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from sealenv.relocation.edits import Change
from sealenv.relocation.links import placed
from sealenv.relocation.rewrite import holds
from sealenv.relocation.search import Search
from sealenv.seals.snapshot import FILE, LINK, Row, native

__all__ = ["find", "link_text"]

_STEP = 100
"""Files between two reports of progress."""


def find(
    prefix: Path,
    rows: Mapping[str, Row],
    change: Change,
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Return the files and links that hold the old path, sorted.

    Args:
        prefix: the prefix.
        rows: its snapshot.
        change: whose old path is looked for.
        on_file: called now and then with files done and files in all.

    Raises:
        OSError: one cannot be read.
    """
    search = Search([change.old])
    found = []
    for number, (path, row) in enumerate(rows.items()):
        if number % _STEP == 0:
            on_file(number, len(rows))
        if row.kind == LINK:
            if placed(path, link_text(prefix, path), change) is not None:
                found.append(path)
        elif row.kind != FILE or not row.size or row.problem:
            continue
        elif search.hits(native(prefix, path)) and _holds(prefix, path, change):
            found.append(path)
    return sorted(found)


def _holds(prefix: Path, path: str, change: Change) -> bool:
    with open(native(prefix, path), "rb") as file:
        return holds(path, file, change)


def link_text(prefix: Path, path: str) -> str:
    r"""Return what a link says, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")
