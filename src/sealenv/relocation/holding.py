"""Which files of a prefix hold a place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sealenv.host.files import read_regular
from sealenv.relocation.mender import Mender
from sealenv.seal.tree import FILE, LINK, Row, native

__all__ = ["holding", "link_text", "placed"]

OnFile = Callable[[int, int], None]


def holding(
    prefix: Path,
    rows: Mapping[str, Row],
    wanted: Sequence[Mender],
    on_file: OnFile = lambda done, total: None,
) -> list[str]:
    """The files and links that hold the old place of one of these, sorted.

    Raises:
        OSError: one cannot be read.
    """
    found = []
    for path, row in rows.items():
        if row.kind == LINK:
            text = link_text(prefix, path)
            if any(placed(text, mender) is not None for mender in wanted):
                found.append(path)
        elif row.kind == FILE and not row.problem and row.size:
            data = read_regular(native(prefix, path))
            if any(mender.holds(data) for mender in wanted):
                found.append(path)
    return sorted(found)


def link_text(prefix: Path, path: str) -> str:
    """What a link says, as the operating system has it, without the `\\\\?\\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def placed(text: str, mender: Mender) -> str | None:
    """The text of a link that leads into the old place, for the new one; None for another link."""
    old, new = os.path.normcase(mender.old), os.path.normcase(text)
    if new == old or new.startswith(old + os.sep):
        return mender.new + text[len(mender.old) :]
    return None
