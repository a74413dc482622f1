"""What a command means, and why: the answer of `which`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sealenv.candidates.belonging import Environment
from sealenv.candidates.candidate import Candidate, State
from sealenv.candidates.starting import Starts

__all__ = ["Resolution", "Row"]


@dataclass(frozen=True)
class Row:
    """One candidate, and whose it is."""

    candidate: Candidate
    starts: Starts | None
    environment: Environment | None
    owner: str | None

    def to_json(self) -> dict[str, Any]:
        """For `--json` (docs/reference/json.md)."""
        one, begun, inside = self.candidate, self.starts, self.environment
        return {
            "path": one.path,
            "state": one.state.value,
            "because": one.because,
            "kind": one.kind.value,
            "folder": one.folder,
            "owner": self.owner,
            "environment": {"prefix": inside.prefix, "kind": inside.kind} if inside else None,
            "starts": {"path": begun.path, "exists": begun.exists, "how": begun.how}
            if begun
            else None,
        }


@dataclass(frozen=True)
class Resolution:
    """What a command means, and why."""

    command: str
    shell: str
    prefix: str | None
    """Of the environment that was asked about, or is active; None: there is none."""
    rows: tuple[Row, ...]
    path: tuple[str, ...]
    pathext: str | None
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def winner(self) -> Row | None:
        """What runs."""
        return next((r for r in self.rows if r.candidate.state is State.RUNS), None)

    def to_json(self) -> dict[str, Any]:
        """For `--json` (docs/reference/json.md)."""
        return {
            "command": self.command,
            "shell": self.shell,
            "prefix": self.prefix,
            "found": self.winner is not None,
            "candidates": [row.to_json() for row in self.rows],
            "path": list(self.path),
            "pathext": self.pathext,
            "notes": list(self.notes),
            "warnings": list(self.warnings),
        }
