"""What a function tells while it works, to whoever asked to be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sealenv.progress import Quiet, Reporter

__all__ = ["Event", "Progress", "reporter_for"]


@dataclass(frozen=True)
class Event:
    """One thing that a function tells.

    Attributes:
        kind: `phase` (a step begins), `advance` (how far it is), `warning`, or `note`.
        phase: the stable name of the step, such as `solve`, `fetch`, `link`; empty before the first.
        text: for people.
        done: of an `advance`: how much is done.
        total: of an `advance`: of how much.
        unit: of an `advance`: `bytes`, `packages` or `files`.
        item: of an `advance`: what was done last.
    """

    kind: str
    phase: str
    text: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    item: str = ""


Progress = Callable[[Event], None]
"""It is called in the thread of the function. What it raises ends the function, as Ctrl-C would."""


class _Telling:
    """A reporter that hands everything on."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._phase = ""

    def phase(self, name: str, what: str) -> None:
        """A step begins."""
        self._phase = name
        self._tell(Event("phase", name, what))

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """How far it is."""
        self._tell(Event("advance", self._phase, "", done, total, unit, item))

    def warn(self, text: str) -> None:
        """What the caller should know."""
        self._tell(Event("warning", self._phase, text))

    def note(self, text: str) -> None:
        """What the caller may want to know."""
        self._tell(Event("note", self._phase, text))


def reporter_for(progress: Progress | None) -> Reporter:
    """The reporter for a callback, or for nobody."""
    return Quiet() if progress is None else _Telling(progress)
