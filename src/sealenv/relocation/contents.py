"""What is in an environment that is to be copied, and whether there is room for it."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from pathlib import Path

from sealenv.errors import FilesystemError, from_oserror
from sealenv.layout import FILES, MARKER, MOVING, PLAN, SCRATCH, SEAL, Entry, walk
from sealenv.system.copying import bytes_on_disk

__all__ = ["entries_of", "refuse_no_room"]

_NOT = frozenset({MARKER, PLAN, SEAL, FILES, MOVING, SCRATCH})
"""What tells of the rest: the copy gets its own."""


def entries_of(source: Path) -> list[Entry]:
    """What is to be copied, parents before children.

    Raises:
        FilesystemError: it cannot be read, or holds what is no file, link or folder.
    """
    try:
        entries = list(walk(source, skip=_NOT))
    except OSError as error:
        raise from_oserror(error) from error
    odd = [
        e.relative for e in entries if not (e.is_dir or e.is_link or stat.S_ISREG(e.status.st_mode))
    ]
    if odd:
        raise FilesystemError(
            "there is something that is neither a file nor a link nor a folder, and cannot be copied",
            where=str(source),
            details=odd[:20],
            hint="delete them, or end the program that made them; then run the same command again",
        )
    return entries


def refuse_no_room(place: Path, entries: Sequence[Entry]) -> None:
    """Refuse a place on whose disk there is too little room, before anything is made there.

    Raises:
        FilesystemError: with how much there is.
    """
    sizes = {(e.status.st_dev, e.status.st_ino, e.path if os.name == "nt" else ""):
             bytes_on_disk(e.status) for e in entries if not (e.is_dir or e.is_link)}  # fmt: skip
    needed = sum(sizes.values()) + (16 << 20)
    folder = next((p for p in (place, *place.parents) if p.is_dir()), place)
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise FilesystemError(
            f"the disk is full: {needed >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(place),
            hint="make room, then run the same command again",
        )
