"""What an earlier run of the same move has done."""

from __future__ import annotations

import os
from enum import Enum
from pathlib import Path

from sealenv.errors import NotFoundError, PrefixError, SealenvError
from sealenv.layout import MARKER, State, state_of
from sealenv.naming import shown
from sealenv.prefix.pending import REMOVING
from sealenv.relocation.journal import read_journal
from sealenv.relocation.place import same_make
from sealenv.seals.seal import Seal, read_seal
from sealenv.spec.model import current_platform
from sealenv.system.files import read_regular

__all__ = ["Begun", "begun"]


class Begun(Enum):
    """What was done."""

    NOTHING = "nothing"
    RENAMED = "the environment was renamed; it is to be mended, or to be run there"
    COPIED = "the copy is whole; the old one is to be removed"


def begun(prefix: Path, place: Path) -> Begun:
    """Look at both places.

    Raises:
        NotFoundError: nothing is at the old place, and nothing that came from there at the new one.
        PrefixError: both are whole, or the old one was being removed.
    """
    old = state_of(prefix)
    if old in {State.ABSENT, State.EMPTY}:
        came = _seal_of(place)
        if came is not None and _is_unfinished(came, prefix, place):
            return Begun.RENAMED
        if old is State.EMPTY and came is not None and came.prefix == str(place):
            return Begun.COPIED  # killed between the marker and the folder
        raise NotFoundError(
            "there is no environment to move",
            where=str(prefix),
            hint=f"there is one at the destination: sealenv info {shown(str(place))}"
            if came
            else "sealenv list shows what there is",
        )
    if old is State.SEALED and _is_copy(prefix, place):
        raise PrefixError(
            "an earlier move copied the environment, and was ended before the old one was removed",
            where=str(place),
            details=[
                f"both are whole: {prefix}",
                f"and {place}",
                "what was written into one of them since is not in the other",
            ],
            hint=f"remove the one that you do not need: sealenv remove {shown(str(prefix))}",
        )
    if old is State.PENDING and _is_being_removed(prefix):
        if _is_copy(prefix, place):
            return Begun.COPIED
        raise PrefixError(
            "this environment was being removed, by remove or after a move",
            where=str(prefix),
            hint=f"finish that: sealenv remove {shown(str(prefix))}",
        )
    return Begun.NOTHING


def _is_unfinished(came: Seal, prefix: Path, place: Path) -> bool:
    """Whether what lies at the place came from there, or has not run there yet."""
    journal = read_journal(place)
    if journal is not None:
        return str(prefix) in (journal.old, came.prefix)
    unproved = not came.checked and came.platform == current_platform()
    return came.prefix == str(prefix) or (came.prefix == str(place) and unproved)


def _is_copy(prefix: Path, place: Path) -> bool:
    """Whether a whole copy of the environment is at home at the place."""
    came, was = _seal_of(place), _seal_of(prefix)
    if came is None or was is None or state_of(place) is not State.SEALED:
        return False
    if os.path.samefile(prefix, place):
        return False
    return same_make(came, was) and came.prefix == str(place) and was.prefix == str(prefix)


def _is_being_removed(prefix: Path) -> bool:
    try:
        return read_regular(prefix / MARKER) == REMOVING
    except OSError:
        return False


def _seal_of(prefix: Path) -> Seal | None:
    try:
        return read_seal(prefix)
    except SealenvError:
        return None
