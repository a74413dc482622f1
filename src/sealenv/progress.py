"""Progress: what a command reports while it works."""

from __future__ import annotations

import time


class Reporter:
    """Discard all events of a command; subclasses override the methods that they need.

    The methods are called in the thread of the command. An exception ends the command, as Ctrl-C does.
    """

    def phase(self, name: str, what: str) -> None:
        """Begin a step; `name` is stable, such as `solve` or `link`, `what` is for people."""

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Report the progress of the step; `unit` is `bytes`, `packages` or `files`."""

    def warn(self, text: str) -> None:
        """Report a warning."""

    def note(self, text: str) -> None:
        """Report a note."""


QUIET = Reporter()


class Stopwatch(Reporter):
    """Forward to another reporter, and measure each step."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self.seconds: dict[str, float] = {}
        """The duration of each finished step."""
        self._phase = ""
        self._began = 0.0

    def stop(self) -> None:
        """End the current step."""
        if self._phase:
            self.seconds[self._phase] = round(time.monotonic() - self._began, 4)
        self._phase = ""

    def phase(self, name: str, what: str) -> None:
        """Begin a step."""
        self.stop()
        self.reporter.phase(name, what)
        self._phase, self._began = name, time.monotonic()

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Forward the progress of the step."""
        self.reporter.advance(done, total, unit, item)

    def warn(self, text: str) -> None:
        """Forward a warning."""
        self.reporter.warn(text)

    def note(self, text: str) -> None:
        """Forward a note."""
        self.reporter.note(text)
