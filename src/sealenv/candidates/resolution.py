"""What a command means, and why: the result of `which`."""

from __future__ import annotations

from dataclasses import dataclass, field

from sealenv.candidates.belonging import Environment
from sealenv.candidates.candidate import Candidate, State
from sealenv.candidates.starting import Starts
from sealenv.fields import Texts

__all__ = ["Resolution", "Row"]


@dataclass(frozen=True)
class Row(Candidate):
    """One candidate, whose it is, and what it starts."""

    owner: str | None = None
    environment: Environment | None = None
    starts: Starts | None = None


@dataclass(frozen=True)
class Resolution:
    """What a command means, and why.

    Attributes:
        command: the command word.
        shell: whose rules were applied.
        prefix: of the environment that was asked about, or is active; None: there is none.
        found: whether something runs.
        candidates: in the shell's order.
        path: the entries of PATH.
        pathext: on Windows, the endings of programs.
        notes: what else there is to know.
        warnings: what may go wrong.
    """

    command: str
    shell: str
    prefix: str | None
    found: bool = field(init=False)
    candidates: tuple[Row, ...]
    path: tuple[str, ...]
    pathext: str | None
    notes: Texts
    warnings: Texts

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", self.winner is not None)

    @property
    def winner(self) -> Row | None:
        """What runs."""
        return next((row for row in self.candidates if row.state is State.RUNS), None)
