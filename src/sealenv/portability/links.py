"""Links that lead into a place by a way that does not spell it out: `../NAME/x`, `/envs/./NAME/x`."""

from __future__ import annotations

import os
import posixpath

__all__ = ["below", "moved", "straight"]


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


def straight(place: str, path: str, text: str, here: str) -> str:
    """The text of a link without `name/..`: as it is, where a name is a link, or nothing there.

    Args:
        place: as for `below`.
        path: likewise.
        text: likewise.
        here: where the place lies now.
    """
    if os.name == "nt":
        return text
    home = _names(place)
    where = [] if text.startswith("/") else [*home, *_names(posixpath.dirname(path))]
    kept: list[str] = []
    turns = 0
    for step in _names(text):
        if step == ".." and kept and kept[-1] != "..":
            inside = where[: len(home)] == home
            folder = os.path.join(here, *where[len(home) :]) if inside else "/" + "/".join(where)
            if os.path.islink(folder) or not os.path.isdir(folder):
                return text
            turns += 1
            kept.pop()
        elif step != ".":
            kept.append(step)
        where = where[:-1] if step == ".." else [*where, step] if step != "." else where
    if not turns:
        return text
    return "/" + "/".join(kept) if text.startswith("/") else "/".join(kept) or "."


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
