"""Progress: what a command reports while it works."""

from __future__ import annotations

__all__ = ["QUIET", "Reporter"]


class Reporter:
    """Receives the events of a command and discards them: a subclass overrides what it wants to hear.

    The methods are called in the thread of the command. What one raises ends the command, as Ctrl-C
    would.
    """

    def phase(self, name: str, what: str) -> None:
        """Begin a step; `name` is stable, such as `solve` or `link`, `what` is for people."""

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Report the progress of the step; `unit` is `bytes`, `packages` or `files`."""

    def warn(self, text: str) -> None:
        """Report what the user should know."""

    def note(self, text: str) -> None:
        """Report what the user may want to know."""


QUIET = Reporter()
