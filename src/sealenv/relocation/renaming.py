"""The one rename of a move, and why it cannot be."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from sealenv.errors import FilesystemError, PrefixExistsError, SealenvError
from sealenv.layout import META, State, state_of
from sealenv.system.holders import held_in, while_held
from sealenv.system.renaming import rename_new

__all__ = ["rename_prefix"]


def rename_prefix(prefix: Path, place: Path) -> bool:
    """Rename a prefix to a place where there is nothing, or an empty folder.

    Returns:
        false where that is another file system, or one is mounted there: nothing was done.

    Raises:
        PrefixExistsError: something is there.
        FilesystemError: the file system refuses; the environment is where it was.
    """
    try:
        if _is_elsewhere(prefix, place):
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        if state_of(place) is State.EMPTY:
            with contextlib.suppress(FileNotFoundError):
                (place / META).rmdir()  # of a create that was killed before its mark
        while_held(lambda: rename_new(prefix, place))
    except OSError as error:
        if error.errno in {errno.EXDEV, errno.EBUSY} or getattr(error, "winerror", None) == 17:
            return False
        raise _not_renamed(prefix, place, error) from error
    return True


def _is_elsewhere(prefix: Path, place: Path) -> bool:
    """Whether no rename leads there; what can be told before a folder is made for it."""
    if os.path.ismount(place):  # no folder can take its place: it is copied into
        return True
    parent = next((folder for folder in place.parents if folder.is_dir()), prefix)
    return os.stat(parent).st_dev != os.stat(prefix).st_dev


def _not_renamed(prefix: Path, place: Path, error: OSError) -> SealenvError:
    if isinstance(error, FileExistsError):
        return PrefixExistsError(
            "something came to the destination meanwhile; the environment is where it was",
            where=str(place),
            hint="choose another place",
        )
    return FilesystemError(
        f"the environment cannot be renamed, and is where it was: {error.strerror}",
        where=str(prefix),
        details=held_in(prefix),
        hint="close what uses it or mend the permissions, then run the same command again",
    )
