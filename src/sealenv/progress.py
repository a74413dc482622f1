"""How use cases tell what they do, without knowing who listens."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Quiet", "Reporter"]


class Reporter(Protocol):
    """Listens to a use case. Every method returns at once and never raises."""

    def phase(self, name: str, what: str) -> None:
        """A step begins; `name` is stable, `what` is for people."""

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """The step's progress; unit is `bytes`, `packages` or `files`."""

    def warn(self, text: str) -> None:
        """Something the user should know."""

    def note(self, text: str) -> None:
        """Something the user may want to know."""


class Quiet:
    """Nobody listens."""

    def phase(self, name: str, what: str) -> None:
        """Ignore it."""

    def advance(self, done: int, total: int, unit: str, item: str = "") -> None:
        """Ignore it."""

    def warn(self, text: str) -> None:
        """Ignore it."""

    def note(self, text: str) -> None:
        """Ignore it."""
