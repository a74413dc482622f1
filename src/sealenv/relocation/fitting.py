"""Whether all that is to be mended can be: asked before a move is begun."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Mapping

from sealenv.errors import FilesystemError, LinkError
from sealenv.portability.rewriting.pyc import LARGEST
from sealenv.relocation.changes import mark_of
from sealenv.relocation.mender import UnmendableError
from sealenv.relocation.owners import Owners
from sealenv.relocation.place import Relocation
from sealenv.seals.compiled import source_of
from sealenv.seals.path import native

__all__ = ["does_not_fit", "refuse_unfit"]


def refuse_unfit(move: Relocation, owners: Owners, found: Iterable[str]) -> None:
    """Refuse a move before it is begun, if a file cannot be mended.

    Args:
        move: from where to where; the environment lies where it was.
        owners: of its files.
        found: what holds the place.

    Raises:
        LinkError: binaries have no room for the new place.
        FilesystemError: a folder cannot be written, there is no room on the disk, or a compiled file is
            too large.
    """
    forth = move.forth
    unfit: dict[str, int] = {}
    large: list[str] = []
    size = 16 << 20
    folders = set()
    for path in found:
        name = native(move.prefix, path)
        folders.add(os.path.dirname(os.fsdecode(name)))
        if os.path.islink(name):
            continue
        with open(name, "rb") as file:
            length = os.fstat(file.fileno()).st_size
            size += length
            if length > LARGEST and (compiled := _compiled(name, path)):
                large += compiled
                continue
            try:
                forth.look(path, file, owners.hints(path))
            except UnmendableError as error:
                if error.over and not owners.is_digest_shipped(path, mark_of(name).sha256):
                    unfit[path] = error.over
    if unfit:
        raise does_not_fit(move, unfit)
    if large:
        raise FilesystemError(
            f"a compiled file or its source has more than {LARGEST >> 20} MiB and holds the path",
            where=str(move.prefix),
            details=sorted(large)[:20],
            hint="delete the compiled file: Python makes it anew at the new place",
        )
    for folder in sorted(folders):
        if not os.access(folder, os.W_OK):
            raise FilesystemError(
                "a folder of the environment cannot be written, and files in it hold its path",
                where=folder,
                hint="mend its permissions, or run this as its owner",
            )
    free = shutil.disk_usage(move.prefix).free
    if free < size:
        raise FilesystemError(
            f"the disk is full: {size >> 20} MiB are needed and {free >> 20} MiB are free",
            where=str(move.prefix),
            hint="make room, then run the same command again",
        )


def _compiled(name: str | bytes, path: str) -> list[str]:
    """A compiled file, or those of a source: they are mended in memory."""
    if path.endswith(".pyc"):
        return [path]
    if not path.endswith(".py"):
        return []
    cached = os.path.join(os.path.dirname(os.fsdecode(name)), "__pycache__")
    there = os.listdir(cached) if os.path.isdir(cached) else []
    folder = path[: path.rfind("/") + 1]
    beside = (f"{folder}__pycache__/{found}" for found in there)
    return [compiled for compiled in beside if source_of(compiled) == path]


def does_not_fit(move: Relocation, unfit: Mapping[str, int]) -> LinkError:
    """What is said of binaries without room for the new place: path -> bytes too many."""
    length = len(os.fsencode(move.new))
    longest = length - max(unfit.values())
    return LinkError(
        f"the new path is {length} bytes long; {longest} is the most that there is room for in "
        "binaries of the environment",
        where=move.new,
        details=[f"{path}: {length - over}" for path, over in sorted(unfit.items())][:20],
        hint="choose a shorter folder",
    )
