"""`which`: the file that a command runs in an environment, its package, and the other candidates.

Nothing is started and nothing written: PATH is computed as the activation script would set it.

POSIX shells run the first executable file on PATH. cmd.exe looks into the current folder, then into
each folder of PATH, and in a folder tries the endings of PATHEXT in order; a name with a dot is tried as
it is first, and a file without an ending never runs.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sealenv.activation.windows import activated, path_folders
from sealenv.commands.environments import inspect
from sealenv.errors import UsageError
from sealenv.fields import Texts
from sealenv.gates.admission import default_path, look, scrub
from sealenv.layout import is_windows
from sealenv.prefix.records import scan_records
from sealenv.request import StrPath, prefix_of
from sealenv.seals.distributions import scan_distributions
from sealenv.spec.model import current_platform

PATHEXT = ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"
"""What Windows has in PATHEXT by default."""


class State(enum.Enum):
    """What becomes of a candidate."""

    RUNS = "runs"
    SHADOWED = "shadowed"
    PASSED_OVER = "passed over"


@dataclass(frozen=True)
class Candidate:
    """A file.

    Attributes:
        path: the file.
        folder: the entry of PATH that it was found by, as it stands there.
        because: why it runs, is shadowed or passed over.
        state: what becomes of it.
        owner: the package or distribution of the environment, with its version.
    """

    path: str
    folder: str
    because: str
    state: State
    owner: str | None = None


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
        warnings: what is probably not wanted.
    """

    command: str
    shell: str
    prefix: str
    found: bool
    candidates: tuple[Candidate, ...]
    path: tuple[str, ...]
    pathext: str | None
    warnings: Texts = ()

    @property
    def winner(self) -> Candidate | None:
        """The candidate that runs."""
        return next((c for c in self.candidates if c.state is State.RUNS), None)


def which(env: StrPath, command: str) -> Resolution:
    """Return what a command would run in an activated environment: every candidate, in order.

    Args:
        env: a name or a path.
        command: the name of the command. The rules are those of a POSIX shell, or of cmd.exe for an
            environment for Windows.

    Raises:
        NotFoundError: there is no such environment.
        UsageError: the command is empty, or a path.
    """
    if not command or any(mark in command for mark in "/\\:\0"):
        raise UsageError("name a command, not a path", hint="sealenv which ENV python")
    found = inspect(prefix_of(env))
    platform = found.platform or current_platform()
    here = platform.split("-")[0] == current_platform().split("-")[0]
    windows = is_windows(platform)
    folders, pathext = _activated_path(str(found.prefix), windows=windows, here=here)
    if windows:
        # cmd.exe looks there first, unless a variable forbids it.
        first = here and "NODEFAULTCURRENTDIRECTORYINEXEPATH" not in os.environ
        candidates = windows_candidates(command, [*[os.getcwd()] * first, *folders], pathext)
    else:
        candidates = posix_candidates(command, folders)
    owners = _owners(found.prefix) if candidates else {}
    warnings = []
    if found.state in ("pending", "moved", "unreadable"):
        warnings.append(f"this environment is {found.state}, and its activation refuses")
    if here and look(os.environ):
        warnings.append(
            "this shell is not clean, and an activation in it refuses; shown is what it would be"
        )
    return Resolution(
        command=command,
        shell="cmd" if windows else "posix",
        prefix=str(found.prefix),
        found=any(c.state is State.RUNS for c in candidates),
        candidates=tuple(replace(c, owner=owners.get(c.path.casefold())) for c in candidates),
        path=tuple(folders),
        pathext=pathext if windows else None,
        warnings=tuple(warnings),
    )


def _activated_path(prefix: str, *, windows: bool, here: bool) -> tuple[list[str], str]:
    """Return PATH and PATHEXT as the activation script leaves them; only its own folders elsewhere."""
    variables = scrub(os.environ) if here else {}
    if not windows:
        rest = (variables.get("PATH") or default_path(variables)) if here else ""
        own = os.path.join(prefix, "bin")
        return [own, *(entry for entry in rest.split(os.pathsep) if rest and entry != own)], ""
    if here:
        after = activated(prefix, variables)
        return after["PATH"].split(";"), after.get("PATHEXT") or PATHEXT
    return [folder.replace("\\", os.sep) for folder in path_folders(prefix)], PATHEXT


def _owners(prefix: Path) -> dict[str, str]:
    """Return path, case-folded -> `name version` of its package."""
    found: dict[str, str] = {}
    owned = set()
    for record in scan_records(prefix)[0]:
        for entry in record.paths_data.paths:
            owned.add(entry.path)
            found[entry.path] = f"{record.name} {record.version}"
    for distribution in scan_distributions(prefix, owned):
        for file in distribution.files:
            found.setdefault(file.path, f"{distribution.name} {distribution.version}")
    return {os.path.join(prefix, *path.split("/")).casefold(): who for path, who in found.items()}


def posix_candidates(name: str, folders: Sequence[str]) -> list[Candidate]:
    """Return every file of that name on PATH, in the order of a POSIX shell."""
    found = []
    for folder in dict.fromkeys(folders):
        path = os.path.join(os.path.abspath(folder), name)
        if os.path.isfile(path):
            runs = os.access(path, os.X_OK)
            state = State.SHADOWED if runs else State.PASSED_OVER
            found.append(Candidate(path, folder, "" if runs else "it is not executable", state))
    return _ranked(found)


def windows_candidates(
    name: str, folders: Sequence[str], pathext: str = PATHEXT
) -> list[Candidate]:
    """Return every file that cmd.exe may run for a name, in its order.

    The folders are spelled as this machine does: an environment for Windows may lie on Linux.
    """
    folded = name.casefold()
    endings = [ending.casefold() for ending in pathext.split(";") if ending]
    order = [*([folded] if "." in name else []), *(folded + ending for ending in endings)]
    found: dict[str, Candidate] = {}
    for entry in folders:
        for path in _files_in_order(entry.strip().strip('"'), order):
            found.setdefault(os.path.normcase(path), Candidate(path, entry, "", State.SHADOWED))
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
