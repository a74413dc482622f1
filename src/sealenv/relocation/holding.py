"""Which files of a prefix hold a place."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sealenv.host.readers import Readers
from sealenv.portability.search import Search
from sealenv.relocation.mender import Mender
from sealenv.seals.tree import FILE, LINK, Row, native, root_of

__all__ = ["holding", "link_text", "placed"]

OnFile = Callable[[int, int], None]


def holding(
    prefix: Path,
    rows: Mapping[str, Row],
    wanted: Sequence[Mender],
    on_file: OnFile = lambda done, total: None,
) -> list[str]:
    """The files and links that hold the old place of one of these, sorted.

    All are searched by this process and its helpers; what was hit is looked at closely.

    Raises:
        OSError: one cannot be read.
    """
    sizes = {
        row.path: row.size
        for row in rows.values()
        if row.kind == FILE and row.size and not row.problem
    }
    found = []
    with Readers() as readers:
        search = Search(readers, root_of(prefix), [mender.spellings for mender in wanted])
        search.begin(sizes.items())
        for path, answer in search.finish(sizes, on_file):
            if isinstance(answer, OSError):
                raise answer
            if answer and _holds(prefix, path, wanted):
                found.append(path)
    for path, row in rows.items():
        if row.kind == LINK:
            text = link_text(prefix, path)
            if any(placed(text, mender) is not None for mender in wanted):
                found.append(path)
    return sorted(found)


def _holds(prefix: Path, path: str, wanted: Sequence[Mender]) -> bool:
    with open(native(prefix, path), "rb") as file:
        for mender in wanted:
            file.seek(0)
            if mender.is_in(path, file):
                return True
    return False


def link_text(prefix: Path, path: str) -> str:
    r"""What a link says, as the operating system has it, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def placed(text: str, mender: Mender) -> str | None:
    """The text of a link that leads into the old place, for the new one; None for another link."""
    old, new = os.path.normcase(mender.old), os.path.normcase(text)
    if new == old or new.startswith(old + os.sep):
        return mender.new + text[len(mender.old) :]
    return None
