"""`which`: what a command would run in an environment, or in the current shell, and why.

Nothing is started and nothing written: PATH is computed as the activation script would set it. What only
a running shell knows (functions, aliases, what it remembers) is said in `notes`, never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealenv.activation.windows import activated, path_folders
from sealenv.activation.winlaunch import script_names
from sealenv.candidates import (
    Belongings,
    Candidate,
    Environment,
    Kind,
    Starts,
    State,
    posix_candidates,
    starts,
    windows_candidates,
)
from sealenv.candidates.cmdexe import PATHEXT
from sealenv.environments import find, inspect
from sealenv.errors import UsageError
from sealenv.gates.children import scrub
from sealenv.gates.findings import find_active
from sealenv.gates.whitelist import default_path
from sealenv.layout import is_windows
from sealenv.spec import current_platform

__all__ = ["SHELLS", "Resolution", "Row", "find_command", "find_command_here"]

SHELLS = ("cmd", "powershell", "posix", "bash", "zsh", "dash")
_ON_WINDOWS = ("cmd", "powershell")


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


@dataclass(frozen=True)
class _Scene:
    """Where a command is looked for."""

    shell: str
    prefix: str | None
    folders: tuple[str, ...]
    variables: Mapping[str, str]
    cwd: str | None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def find_command(
    env: str, command: str, shell: str | None = None, environ: Mapping[str, str] | None = None
) -> Resolution:
    """What a command would run in an environment, after its activation in a clean shell from here.

    Args:
        env: a name or a path.
        command: the command word.
        shell: one of SHELLS that the environment's platform has; cmd or posix when None.
        environ: the variables of the shell; those of this process when None.

    Raises:
        NotFoundError: there is no such environment.
        UsageError: the platform has no such shell; the command is empty.
    """
    environ = os.environ if environ is None else environ
    _check(command)
    found = inspect(find(env, environ))
    prefix = str(found.prefix)
    platform = found.platform or next(
        (r.subdir for r in found.records if r.subdir not in ("", "noarch")), current_platform()
    )
    shell = _shell_for(shell, is_windows(platform), platform)
    here = platform.split("-")[0] == current_platform().split("-")[0]
    variables = scrub(environ) if here else {}
    folders, variables = _activated_path(prefix, variables, shell, here)
    cwd = os.getcwd() if here else None
    if here and shell == "cmd" and environ.get("NoDefaultCurrentDirectoryInExePath") is not None:
        cwd = None
    scene = _Scene(shell, prefix, folders, variables, cwd)
    if found.state in ("pending", "moved", "unreadable"):
        scene.warnings.append(
            f"this environment is {found.state}, and its activation refuses; "
            "shown is what it would be"
        )
    if here and find_active(scrub(environ)):
        scene.warnings.append(
            "this shell is not clean, and an activation in it refuses; shown is what it would be"
        )
    if not here:
        scene.notes.append(
            f"this environment is for {platform}: PATH, PATHEXT and the current folder of the machine "
            "where it is used are not known here; its own folders come first on PATH"
        )
    if scripts := _package_scripts(found.prefix, shell):
        scene.notes.append(
            "activation scripts of its packages run too and may change PATH; they were not followed: "
            + ", ".join(scripts)
        )
    return _answer(command, scene)


def find_command_here(
    command: str, shell: str | None = None, environ: Mapping[str, str] | None = None
) -> Resolution:
    """What a command would run in the shell that started this process, as far as its variables tell.

    Args:
        command: the command word.
        shell: one of SHELLS that this system has; cmd or posix when None.
        environ: the variables of the shell; those of this process when None.

    Raises:
        UsageError: this system has no such shell; the command is empty.
    """
    environ = os.environ if environ is None else environ
    _check(command)
    shell = _shell_for(shell, os.name == "nt", current_platform())
    prefix = next(
        (environ[n] for n in ("SEALENV_PREFIX", "VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(n)),
        None,
    )
    path = environ.get("PATH", "")
    cwd: str | None = os.getcwd()
    if shell == "cmd" and environ.get("NoDefaultCurrentDirectoryInExePath") is not None:
        cwd = None
    scene = _Scene(shell, prefix, tuple(path.split(os.pathsep)) if path else (), dict(environ), cwd)
    scene.notes.append("PATH is the one that this process was given; the shell's own may be newer")
    return _answer(command, scene)


def _check(command: str) -> None:
    if not command or "\0" in command:
        raise UsageError("no command", hint="sealenv which ENV COMMAND")


def _shell_for(shell: str | None, windows: bool, platform: str) -> str:
    if shell is None:
        return "cmd" if windows else "posix"
    if (shell in _ON_WINDOWS) != windows:
        fitting = [s for s in SHELLS if (s in _ON_WINDOWS) == windows]
        raise UsageError(
            f"{shell} has no activation of an environment for {platform}",
            hint=f"--shell takes {', '.join(fitting)} there",
        )
    return shell


def _activated_path(
    prefix: str, variables: Mapping[str, str], shell: str, here: bool
) -> tuple[tuple[str, ...], dict[str, str]]:
    """PATH's entries and the variables, as the activation script of the shell leaves them."""
    if shell in _ON_WINDOWS:
        first = shell == "cmd"
        after = activated(prefix, variables, condabin_first=first)
        if here and os.name == "nt":
            return tuple(after["PATH"].split(";")), after
        folders = path_folders(prefix, condabin_first=first)
        return tuple(f.replace("\\", os.sep) for f in folders), after
    rest = (variables.get("PATH") or default_path(variables)) if here else ""
    own = os.path.join(prefix, "bin")
    entries = [own, *(e for e in rest.split(os.pathsep) if e != own)] if rest else [own]
    return tuple(entries), {**variables, "PATH": os.pathsep.join(entries)}


def _package_scripts(prefix: Path, shell: str) -> list[str]:
    if shell == "cmd":
        return script_names(str(prefix))
    ending = ".ps1" if shell == "powershell" else ".sh"
    folder = prefix / "etc" / "conda" / "activate.d"
    return sorted(p.name for p in folder.glob(f"*{ending}") if not p.name.startswith("."))


def _answer(command: str, scene: _Scene) -> Resolution:
    windows = scene.shell in _ON_WINDOWS
    pathext = (_lookup(scene.variables, "PATHEXT") or PATHEXT) if windows else None

    def candidates(name: str) -> list[Candidate]:
        if windows:
            return windows_candidates(
                name, scene.folders, pathext or PATHEXT, cwd=scene.cwd, dialect=scene.shell
            )
        return posix_candidates(name, scene.folders, scene.cwd or os.getcwd(), scene.shell)

    def first_file(name: str) -> str | None:
        files = (c for c in candidates(name) if c.state is not State.PASSED_OVER)
        return next((c.path for c in files if c.path), None)

    belongings = Belongings()
    rows = []
    for candidate in candidates(command):
        inside = belongings.environment_of(candidate.path) if candidate.path else None
        owner = belongings.owner_of(candidate.path, inside) if candidate.path and inside else None
        begun = starts(candidate, scene.variables, first_file, windows=windows)
        rows.append(Row(candidate, begun, inside, owner))
    answer = Resolution(
        command, scene.shell, scene.prefix, tuple(rows), scene.folders, pathext, (), ()
    )
    return Resolution(
        command, scene.shell, scene.prefix, tuple(rows), scene.folders, pathext,
        (*scene.notes, *_notes(answer)), (*scene.warnings, *_warnings(answer, scene)),
    )  # fmt: skip


def _lookup(variables: Mapping[str, str], name: str) -> str | None:
    return next((text for key, text in variables.items() if key.upper() == name), None)


def _notes(answer: Resolution) -> list[str]:
    """What cannot be seen from outside a shell."""
    winner = answer.winner
    if answer.shell == "cmd":
        notes = ["a DOSKEY macro comes first at a prompt, and is not seen here: doskey /macros"]
        if winner and winner.candidate.kind is Kind.BATCH:
            notes.append(
                f"in a batch file write `call {answer.command}`: without it nothing after it runs"
            )
        return notes
    if answer.shell == "powershell":
        ask = f"Get-Command -All {answer.command}"
        return [f"aliases, functions and cmdlets come first, and are not seen here: {ask}"]
    ask = "command -V" if answer.shell in ("posix", "dash") else "type -a"
    notes = [
        f"functions and aliases come first, and are not seen here: {ask} {answer.command}",
        "a shell remembers where it found a command, until PATH changes or `hash -r`",
    ]
    if winner is None and any(row.candidate.kind is not Kind.OTHER for row in answer.rows):
        notes.append("the shell finds what it cannot start, and says that permission is denied")
    return notes


def _warnings(answer: Resolution, scene: _Scene) -> list[str]:
    found = []
    winner = answer.winner
    own = scene.prefix
    if winner and scene.cwd and winner.candidate.folder == scene.cwd and answer.shell == "cmd":
        found.append(
            "what runs lies in the current folder, and hides every other; sealenv run never takes it"
        )
    for row in answer.rows:
        state, path = row.candidate.state, row.candidate.path
        if state is State.PASSED_OVER or path is None:
            continue
        if row.environment and not (own and _same(row.environment.prefix, own)):
            which = f"{path} is of another environment ({row.environment.prefix})"
            if state is State.RUNS:
                found.append(f"{which}, and it is what runs")
            else:
                found.append(f"{which}; only the order of PATH keeps it from running")
        if state is State.RUNS and row.starts and not row.starts.exists:
            found.append(f"{path} does not start: there is no {row.starts.path}")
    return found


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
