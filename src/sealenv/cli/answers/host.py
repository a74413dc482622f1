"""What `doctor` and `which` answer."""

from __future__ import annotations

from typing import Literal, TypedDict

from sealenv.candidates import Kind, State
from sealenv.cli.answers.words import (
    AbsolutePath,
    Count,
    Sha256,
    Texts,
    Warned,
    one_of,
)

__all__ = [
    "Belonging",
    "Candidate",
    "Cured",
    "Dirt",
    "EditedFile",
    "EditedValue",
    "Examined",
    "Resolved",
    "Seen",
    "Severity",
    "Shell",
    "Start",
    "Undone",
]


Severity = Literal["error", "warning", "note"]


class Seen(TypedDict):
    """One thing that doctor found; `how` is the older name of `fix`."""

    id: str
    severity: Severity
    what: str
    where: str
    evidence: list[str]
    why: str
    fix: str
    how: str
    fixable: bool


class Dirt(TypedDict):
    """One thing of a shell that could make a process use another Python."""

    name: str
    value: str
    what: str
    why: str
    clear: str


class Shell(TypedDict):
    """The current shell: whether activation, `run` and `shell` refuse it, and why."""

    state: Literal["active", "clean"]
    findings: list[Dirt]


class Examined(TypedDict):
    """`doctor`: exit code 1 when `errors` is not 0."""

    home: AbsolutePath
    target: AbsolutePath
    checks: Count
    errors: Count
    warnings: Count
    notes: Count
    shell: Shell
    findings: list[Seen]


class EditedFile(TypedDict):
    """A file that a fix changes, with its sha256 before and after."""

    path: AbsolutePath
    real: AbsolutePath
    before: Sha256
    after: Sha256


class EditedValue(TypedDict):
    """A value of the registry that a fix changes; `after` is null where it is deleted."""

    key: str
    name: str
    before: str
    after: str | None


class Cured(Warned):
    """`doctor --fix`."""

    checks: list[str]
    dry_run: bool
    journal: str | None
    files: list[EditedFile]
    values: list[EditedValue]
    left: list[Seen]


class Undone(Warned):
    """`doctor --undo`."""

    journal: str
    checks: list[str]
    dry_run: bool
    files: list[AbsolutePath]
    values: list[str]


class Belonging(TypedDict):
    """The environment that a file lies in."""

    prefix: AbsolutePath
    kind: str


class Start(TypedDict):
    """What a wrapper or a script starts in the end."""

    path: str
    exists: bool
    how: str


class Candidate(TypedDict):
    """One meaning of a command, in the shell's order."""

    path: str | None
    state: one_of(state.value for state in State)  # type: ignore[valid-type]
    because: str
    kind: one_of(kind.value for kind in Kind)  # type: ignore[valid-type]
    folder: str | None
    owner: str | None
    environment: Belonging | None
    starts: Start | None


class Resolved(TypedDict):
    """`which`: exit code 1 when nothing runs."""

    command: str
    shell: str
    prefix: AbsolutePath | None
    found: bool
    candidates: list[Candidate]
    path: list[str]
    pathext: str | None
    notes: Texts
    warnings: Texts
