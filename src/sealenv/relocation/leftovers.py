"""What is left behind: places that files still hold after a move, files of a writer that was killed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterable
from pathlib import Path

from sealenv.relocation.changes import Left
from sealenv.relocation.owners import SHIPPED
from sealenv.relocation.place import Relocation
from sealenv.seals.path import native
from sealenv.seals.row import Row
from sealenv.system.tempname import final_path

__all__ = ["clear_partials", "places_left"]


def clear_partials(
    prefix: Path, rows: dict[str, Row], replaced: Container[str], sealed: Container[str]
) -> None:
    """Take away what a kill left of a file that was going to be replaced; only beside that file.

    What it left of seal and table `journal.finish_commit` has taken away.

    Args:
        prefix: the environment, which the caller has locked.
        rows: what lies there; what is taken away goes from it.
        replaced: files that may have been about to be replaced.
        sealed: files that belong there.
    """
    for path in list(rows):
        final = final_path(path)
        if final is not None and final in replaced and path not in sealed:
            with contextlib.suppress(OSError):
                os.unlink(native(prefix, path))
                del rows[path]


def places_left(move: Relocation, left: Iterable[Left]) -> list[str]:
    """The places that files of the environment still hold, for its next seal."""
    places = [*move.seal.former]
    if any(item.why != SHIPPED for item in left):
        places.append(move.old)
    return [place for place in dict.fromkeys(places) if place != move.new]
