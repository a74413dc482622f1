"""Links that lead into a place by a way that does not spell it out: `../NAME/x`, `/envs/./NAME/x`."""

from __future__ import annotations

import os
import posixpath

__all__ = ["below", "from_inside"]


def below(place: str, path: str, text: str) -> str | None:
    """What a link leads to in a place, by a way that is outside of it (POSIX).

    Args:
        place: an absolute path of a folder, without links in it.
        path: of the link, relative to the place; its folder is none behind a link.
        text: what the link says.

    Returns:
        the path relative to the place; None where it leads elsewhere, never leaves the place, or goes up
        again behind a name, which could be a link.
    """
    if os.name == "nt":
        return None
    home = [name for name in place.split("/") if name]
    steps = [step for step in text.split("/") if step not in ("", ".")]
    ups = next((n for n, step in enumerate(steps) if step != ".."), len(steps))
    if ".." in steps[ups:]:
        return None
    here: list[str] = []
    if not text.startswith("/"):
        here = [*home, *(name for name in posixpath.dirname(path).split("/") if name)]
        here = here[: max(len(here) - ups, 0)]
        if len(here) >= len(home):
            return None
    there = [*here, *steps[ups:]]
    return "/".join(there[len(home) :]) if there[: len(home)] == home else None


def from_inside(path: str, goal: str) -> str:
    """The text of a link to something in the same place, which holds wherever that is.

    Args:
        path: of the link, relative to the place.
        goal: likewise.
    """
    return posixpath.relpath(goal or ".", posixpath.dirname(path) or ".")
