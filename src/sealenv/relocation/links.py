"""Links: those that hold a path, and those that lead into it by another way.

`../NAME/x` and `/envs/./NAME/x` lead into the environment NAME without its path in them.
"""

from __future__ import annotations

import os
import posixpath

from sealenv.relocation.edits import Change

__all__ = ["below", "moved", "placed"]


def placed(path: str, text: str, change: Change) -> str | None:
    """The text of a link for the new path, if it holds the old one or leads into it; else None.

    Args:
        path: of the link.
        text: what it says.
        change: the paths.
    """
    old = change.old.place
    if text == old or os.path.normcase(text).startswith(os.path.normcase(old + os.sep)):
        return change.new + text[len(old) :]
    plain = moved(old, path, text, change.new)
    if plain is not None:
        return plain
    after = os.fsdecode(change.apply(os.fsencode(text)))
    return None if after == text else after


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
    way = _way(place, path, text)
    return "/".join(way[1]) if way else None


def moved(place: str, path: str, text: str, new: str) -> str | None:
    """The text of such a link where the place is another one: as many of its names are spelled.

    Args:
        place: as for `below`.
        path: likewise.
        text: likewise.
        new: the other place.
    """
    way = _way(place, path, text)
    if way is None:
        return None
    spelled, goal = way
    names = _names(new)
    if text.startswith("/"):
        return "/" + "/".join([*names, *goal])
    names = names[-spelled:]
    ups = len(_names(posixpath.dirname(path))) + len(names)
    return "/".join([*[".."] * ups, *names, *goal])


def _way(place: str, path: str, text: str) -> tuple[int, list[str]] | None:
    """How many names of the place the link spells, and those behind it."""
    if os.name == "nt":
        return None
    home = _names(place)
    steps = [step for step in _names(text) if step != "."]
    ups = next((n for n, step in enumerate(steps) if step != ".."), len(steps))
    if ".." in steps[ups:]:
        return None
    start: list[str] = []
    if not text.startswith("/"):
        start = [*home, *_names(posixpath.dirname(path))]
        start = start[: max(len(start) - ups, 0)]
    there = [*start, *steps[ups:]]
    if len(start) >= len(home) or there[: len(home)] != home:
        return None
    return len(home) - len(start), there[len(home) :]


def _names(path: str) -> list[str]:
    return [name for name in path.split("/") if name]
