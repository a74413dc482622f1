"""What a name can mean to a shell: the candidates, and the answer of `which`."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sealenv.fields import Texts

__all__ = ["Candidate", "Environment", "Kind", "Resolution", "Starts", "State", "ranked"]


class State(enum.Enum):
    """What becomes of a candidate."""

    RUNS = "runs"
    SHADOWED = "shadowed"
    PASSED_OVER = "passed over"


class Kind(enum.Enum):
    """What a candidate is."""

    BUILTIN = "builtin"
    """A part of the shell: no file."""
    PROGRAM = "program"
    SCRIPT = "script"
    BATCH = "batch"
    DOCUMENT = "document"
    """Windows starts the program that its ending is associated with."""
    OTHER = "other"
    """A folder, a dangling link, what cannot be read."""


@dataclass(frozen=True)
class Environment:
    """An environment; its kind is `conda` or `venv`."""

    prefix: str
    kind: str


@dataclass(frozen=True)
class Starts:
    """A program that another one starts.

    Attributes:
        path: the program.
        exists: whether it exists.
        how: `interpreter`, `wrapper`, `launcher`, `link`; or `shell`, which runs a script without a
            first line.
    """

    path: str
    exists: bool
    how: str


@dataclass(frozen=True)
class Candidate:
    """A file, or a part of the shell itself.

    Attributes:
        path: the file; None: it is built into the shell.
        folder: the entry of PATH that it was found by, as it stands there; None: no entry.
        kind: what it is.
        because: why it runs, is shadowed or passed over.
        state: what becomes of it.
        owner: the package or distribution with its version, or `sealenv`.
        environment: the environment that contains it.
        starts: what it starts in the end; None: it is the program itself, or that is not known.
    """

    path: str | None
    folder: str | None
    kind: Kind
    because: str
    state: State = State.SHADOWED
    owner: str | None = None
    environment: Environment | None = None
    starts: Starts | None = None


def ranked(found: Iterable[Candidate], beside: str = "") -> list[Candidate]:
    """Return the candidates, with the first that can run as the one that runs.

    Args:
        found: in the shell's order. Those that cannot run are PASSED_OVER already; `because` of the
            others says why they would come first.
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
                    candidate, because="the shell itself has a command of that name"
                )
            elif winner.folder == candidate.folder:
                candidate = replace(candidate, because=beside)
            else:
                candidate = replace(candidate, because="an earlier folder of PATH has one")
        result.append(candidate)
    return result


@dataclass(frozen=True)
class Resolution:
    """What a command means, and why.

    Attributes:
        command: the word.
        shell: whose rules: `cmd`, `powershell` or `posix`.
        prefix: the environment that was named, or is active.
        found: whether something runs.
        candidates: in the shell's order.
        path: the entries of PATH.
        pathext: PATHEXT, of a shell on Windows.
        notes: what cannot be known outside of the shell.
        warnings: what is probably not wanted.
    """

    command: str
    shell: str
    prefix: str | None
    found: bool = field(init=False)
    candidates: tuple[Candidate, ...]
    path: tuple[str, ...]
    pathext: str | None
    notes: Texts = ()
    warnings: Texts = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "found", self.winner is not None)

    @property
    def winner(self) -> Candidate | None:
        """The candidate that runs."""
        return next((c for c in self.candidates if c.state is State.RUNS), None)
