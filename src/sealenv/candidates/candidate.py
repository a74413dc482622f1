"""One thing that a name could mean to a shell."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, replace

__all__ = ["Candidate", "Kind", "State", "ranked"]


class State(enum.Enum):
    """What becomes of a candidate."""

    RUNS = "runs"
    SHADOWED = "shadowed"
    PASSED_OVER = "passed over"


class Kind(enum.Enum):
    """What a candidate is."""

    BUILTIN = "builtin"
    """A part of the shell: no file."""
    KEYWORD = "keyword"
    PROGRAM = "program"
    SCRIPT = "script"
    BATCH = "batch"
    DOCUMENT = "document"
    """Windows starts the program that its ending is associated with."""
    OTHER = "other"
    """A folder, a dangling link, what cannot be looked at."""


@dataclass(frozen=True)
class Candidate:
    """A file, or a part of the shell itself."""

    path: str | None
    """None: it is built into the shell."""
    folder: str | None
    """The entry of PATH that it was found by, as it stands there; None: none was asked."""
    kind: Kind
    because: str
    """Why it runs, is shadowed or passed over."""
    state: State = State.SHADOWED


def ranked(found: Iterable[Candidate], beside: str = "") -> list[Candidate]:
    """The candidates with the first that can run as the one that runs.

    Args:
        found: in the shell's order; the state of those that cannot run is PASSED_OVER already, and
            `because` of the others says why they would come first.
        beside: why a file is shadowed by one in the same folder.
    """
    result = []
    winner: Candidate | None = None
    for candidate in found:
        if candidate.state is not State.PASSED_OVER:
            if winner is None:
                winner = candidate = replace(candidate, state=State.RUNS)
            elif winner.path is None:
                candidate = replace(
                    candidate, because="the shell has a command of that name itself"
                )
            elif winner.folder == candidate.folder:
                candidate = replace(candidate, because=beside)
            else:
                candidate = replace(candidate, because="an earlier folder of PATH has one")
        result.append(candidate)
    return result
