"""What a move that was ended has left at the old place and at the new one."""

from __future__ import annotations

import os
from pathlib import Path

from sealenv.errors import NotFoundError, PrefixError, RecordError, SealenvError
from sealenv.layout import MARKER, MOVING, State, state_of
from sealenv.naming import shown
from sealenv.prefix.pending import REMOVING
from sealenv.relocation.journal import read_journal
from sealenv.relocation.relocation import same_make
from sealenv.seals.seal import Seal, read_seal
from sealenv.spec.model import current_platform
from sealenv.system.files import read_regular

__all__ = ["is_unfinished", "was_renamed"]


def was_renamed(prefix: Path, place: Path) -> bool:
    """Whether a move has renamed the environment, and is to be continued at the new place.

    Raises:
        NotFoundError: nothing is at the old place, and nothing that came from there at the new one.
        PrefixError: it was copied, and the old one is still there or partly removed.
    """
    old, came = state_of(prefix), _seal_of(place)
    if old in {State.ABSENT, State.EMPTY}:
        if came is not None and _came_from(came, prefix, place):
            return True
        raise NotFoundError(
            "there is no environment to move",
            where=str(prefix),
            hint=f"there is one at the destination: sealenv info {shown(str(place))}"
            if came
            else "sealenv list shows the environments",
        )
    removing = old is State.PENDING and _is_being_removed(prefix)
    copied = came is not None and _is_copy(came, prefix, place)
    if copied:
        raise PrefixError(
            "an earlier move copied the environment, and was ended before the old one was removed",
            where=str(place),
            details=[
                f"the environment is at {place}",
                f"the rest of the old one: {prefix}" if removing else f"both are whole: {prefix}",
            ],
            hint=f"remove the old one: sealenv remove {shown(str(prefix))}",
        )
    if removing:
        raise PrefixError(
            "this environment was being removed, by remove or after a move",
            where=str(prefix),
            hint=f"finish that: sealenv remove {shown(str(prefix))}",
        )
    return False


def is_unfinished(prefix: Path) -> bool:
    """Whether a move of this environment was ended before it had run at its new place."""
    if os.path.lexists(prefix / MOVING):
        return True
    try:
        seal = read_seal(prefix)
    except RecordError:
        return False
    return not seal.checked and seal.platform == current_platform()


def _came_from(came: Seal, prefix: Path, place: Path) -> bool:
    """Whether the environment at the new place came from the old one, or has not run since."""
    journal = read_journal(place)
    if journal is not None:
        return str(prefix) in (journal.old, came.prefix)
    unproved = not came.checked and came.platform == current_platform()
    return came.prefix == str(prefix) or (came.prefix == str(place) and unproved)


def _is_copy(came: Seal, prefix: Path, place: Path) -> bool:
    """Whether a whole copy of the environment is at the new place."""
    if state_of(place) is not State.SEALED or os.path.samefile(prefix, place):
        return False
    was = _seal_of(prefix)
    return (
        was is not None
        and same_make(came, was)
        and came.prefix == str(place)
        and was.prefix == str(prefix)
    )


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
