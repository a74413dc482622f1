"""Whether every file can get the new path: checked before a move begins."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping

from sealenv.errors import FilesystemError, LinkError
from sealenv.relocation.digests import Mark
from sealenv.relocation.edits import RefusedError
from sealenv.relocation.owners import Owners
from sealenv.relocation.relocation import Relocation
from sealenv.relocation.rewrite import rewrite
from sealenv.seals.snapshot import native

__all__ = ["does_not_fit", "refuse_unfit"]


def refuse_unfit(move: Relocation, owners: Owners, found: Iterable[str]) -> None:
    """Refuse a move before it begins, if a file cannot be rewritten.

    Args:
        move: from where to where; the environment lies where it was.
        owners: of its files.
        found: what holds the path.

    Raises:
        LinkError: binaries have no room for the new path.
        FilesystemError: a folder cannot be written, or the disk is full.
    """
    change = move.change
    unfit: dict[str, int] = {}
    size = 16 << 20
    folders = set()
    for path in found:
        name = native(move.prefix, path)
        folders.add(os.path.dirname(os.fsdecode(name)))
        if os.path.islink(name):
            continue
        with open(name, "rb") as file:
            size += os.fstat(file.fileno()).st_size
            try:
                rewrite(path, file, change, owners.hints(path))
            except RefusedError as error:
                if error.over and not owners.is_shipped(path, Mark.of_file(name).sha256):
                    unfit[path] = error.over
    if unfit:
        raise does_not_fit(move, unfit)
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK):
            raise FilesystemError(
                "a folder of the environment cannot be written, and files in it hold its path",
                where=folder,
                hint="fix its permissions, or run this as its owner",
            )
    free = shutil.disk_usage(move.prefix).free
    if free < size:
        raise FilesystemError(
            f"the disk is full: {size >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(move.prefix),
            hint="make room, then run the same command again",
        )


def does_not_fit(move: Relocation, unfit: Mapping[str, int]) -> LinkError:
    """The error for binaries without room for the new path: path -> bytes too many."""
    length = len(os.fsencode(move.new))
    longest = length - max(unfit.values())
    return LinkError(
        f"the new path is {length} bytes long; {longest} is the most that there is room for in "
        "binaries of the environment",
        where=move.new,
        details=[f"{path}: {length - over}" for path, over in sorted(unfit.items())][:20],
        hint="choose a shorter folder",
    )
