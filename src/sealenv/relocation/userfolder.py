"""`__home__` in a pending folder: what an earlier run copied there, and what is somebody's."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from sealenv.errors import PrefixExistsError
from sealenv.layout import USER_FOLDER, Entry, is_link, walk
from sealenv.prefix.pending import kept_folder, read_plan
from sealenv.system.tempname import PART, final_path

__all__ = ["clear_user_folder", "is_users"]


def is_users(relative: str) -> bool:
    """Whether a path of a prefix is in the user folder."""
    return relative.startswith(f"{USER_FOLDER}/")


def clear_user_folder(target: Path, entries: Sequence[Entry]) -> list[str]:
    """Make room for what is going to be copied into the user folder; nothing whole is deleted.

    What is there already just as it is to be stays, and so does what has nothing to do with this copy.
    Other files of the same name, and what an earlier run copied and is not in the source any more, are
    kept aside. What a killed run was writing goes.

    Args:
        target: a pending prefix, which the caller holds; its plan is that of the earlier run.
        entries: of the source.

    Returns:
        the relative paths that were kept aside, below `__home__/kept-from-pending-N`.

    Raises:
        PrefixExistsError: the user folder is a link: nothing is written through it.
        OSError: as the operating system says.
    """
    wanted = {e.relative: e for e in entries if is_users(e.relative)}
    folder = target / USER_FOLDER
    if is_link(folder):
        raise PrefixExistsError(
            f"{USER_FOLDER} of the pending folder is a link: nothing is written through it",
            where=str(folder),
            hint="move the link away, then run the same command again",
        )
    if not folder.is_dir():
        return []
    planned = read_plan(target)
    kept: list[str] = []
    aside: Path | None = None
    for entry in reversed(list(walk(folder))):
        path = f"{USER_FOLDER}/{entry.relative}"
        to_be = wanted.get(path)
        if to_be is None and final_path(path, PART) in planned:
            os.unlink(entry.path)
        elif (to_be and not _is_same(entry, to_be)) or (to_be is None and path in planned):
            aside = aside or kept_folder(target)
            place = aside / entry.relative
            place.parent.mkdir(parents=True, exist_ok=True)
            os.rename(entry.path, place)
            kept.append(path)
    return sorted(kept)


def _is_same(there: Entry, to_be: Entry) -> bool:
    if there.is_link or to_be.is_link:
        return there.is_link and to_be.is_link and _text(there) == _text(to_be)
    if there.is_dir or to_be.is_dir:
        return there.is_dir and to_be.is_dir
    one, other = there.status, to_be.status
    return stat.S_ISREG(one.st_mode) and (one.st_size, one.st_mtime_ns) == (
        other.st_size,
        other.st_mtime_ns,
    )


def _text(link: Entry) -> str:
    return os.readlink(link.path)
