"""Find the files that a shell may run for a name.

POSIX shells run the first executable file on PATH. cmd.exe looks into the current folder, then into
each folder of PATH, and in a folder tries the endings of PATHEXT in order; a name with a dot is tried as
it is first, and a file without an ending never runs.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sealenv.fields import Texts

PATHEXT = ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"
"""What Windows has in PATHEXT by default."""


class State(enum.Enum):
    """What becomes of a candidate."""

    RUNS = "runs"
    SHADOWED = "shadowed"
    PASSED_OVER = "passed over"


@dataclass(frozen=True)
class Environment:
    """An environment; its kind is `conda` or `venv`."""

    prefix: str
    kind: str


@dataclass(frozen=True)
class Candidate:
    """A file.

    Attributes:
        path: the file.
        folder: the entry of PATH that it was found by, as it stands there.
        because: why it runs, is shadowed or passed over.
        state: what becomes of it.
        owner: the package or distribution with its version, or `sealenv`.
        environment: the environment that contains it.
    """

    path: str
    folder: str
    because: str
    state: State
    owner: str | None = None
    environment: Environment | None = None


@dataclass(frozen=True)
class Resolution:
    """What a command means in an environment, and why.

    Attributes:
        command: the name.
        shell: whose rules: `posix` or `cmd`.
        prefix: the environment.
        found: whether something runs.
        candidates: in the shell's order.
        path: the entries of PATH.
        pathext: PATHEXT, of an environment for Windows.
        notes: what cannot be known outside of the shell.
        warnings: what is probably not wanted.
    """

    command: str
    shell: str
    prefix: str
    found: bool
    candidates: tuple[Candidate, ...]
    path: tuple[str, ...]
    pathext: str | None
    notes: Texts = ()
    warnings: Texts = ()

    @property
    def winner(self) -> Candidate | None:
        """The candidate that runs."""
        return next((c for c in self.candidates if c.state is State.RUNS), None)


def posix_candidates(name: str, folders: Sequence[str]) -> list[Candidate]:
    """Return every file of that name on PATH, in the order of a POSIX shell.

    Args:
        name: the command.
        folders: the entries of PATH; an empty one is the current folder.
    """
    found = []
    for folder in dict.fromkeys(folders):
        path = os.path.join(os.path.abspath(folder), name)
        if os.path.isfile(path):
            runs = os.access(path, os.X_OK)
            found.append(_candidate(path, folder, None if runs else "it is not executable"))
    return _ranked(found)


def windows_candidates(
    name: str, folders: Sequence[str], pathext: str = PATHEXT
) -> list[Candidate]:
    """Return every file that cmd.exe may run for a name, in its order.

    Args:
        name: the command.
        folders: the current folder if cmd.exe looks there, and the entries of PATH, as this machine
            spells them: an environment for Windows may lie on Linux.
        pathext: PATHEXT.
    """
    folded = name.casefold()
    endings = [ending.casefold() for ending in pathext.split(";") if ending]
    order = [*([folded] if "." in name else []), *(folded + ending for ending in endings)]
    found: dict[str, Candidate] = {}
    for entry in folders:
        folder = entry.strip().strip('"')
        for path in _files_in_order(folder, order):
            found.setdefault(os.path.normcase(path), _candidate(path, entry, None))
    return _ranked(found.values())


def _files_in_order(folder: str, order: Sequence[str]) -> Iterator[str]:
    """Yield the files of a folder that have these names; Windows compares them without case."""
    try:
        near = {name.casefold(): name for name in os.listdir(folder)} if folder else {}
    except OSError:
        return
    for key in dict.fromkeys(order):
        if key in near and os.path.isfile(path := os.path.join(folder, near[key])):
            yield path


def _candidate(path: str, folder: str, problem: str | None) -> Candidate:
    state = State.PASSED_OVER if problem else State.SHADOWED
    return Candidate(path, folder, problem or "", state)


def _ranked(found: Iterable[Candidate]) -> list[Candidate]:
    """Let the first that can run be the one that runs, and say why the others do not."""
    result: list[Candidate] = []
    winner: Candidate | None = None
    for one in found:
        if one.state is not State.PASSED_OVER:
            if winner is None:
                one = winner = replace(one, state=State.RUNS, because="first on PATH")
            elif winner.folder == one.folder:
                one = replace(one, because="its ending comes later in PATHEXT")
            else:
                one = replace(one, because="later on PATH")
        result.append(one)
    return result
