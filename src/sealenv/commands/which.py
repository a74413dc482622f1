"""`which`: what a command would run in an environment, or in the current shell, and why.

Nothing is started and nothing written: PATH is computed as the activation script would set it. What only
a running shell knows (functions, aliases, what it remembers) is in `notes`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sealenv.activation.windows import activated, path_folders, script_names
from sealenv.commands.environments import inspect
from sealenv.errors import RecordError, UsageError
from sealenv.gates.admission import default_path, look, scrub
from sealenv.inventory.candidates import (
    PATHEXT,
    Candidate,
    Environment,
    Kind,
    Resolution,
    State,
    posix_candidates,
    windows_candidates,
)
from sealenv.inventory.starting import starts
from sealenv.layout import META, is_windows, state_of
from sealenv.layout import State as PrefixState
from sealenv.locations import find
from sealenv.prefix.records import scan_records
from sealenv.request.arguments import StrPath
from sealenv.seals.distributions import scan_distributions
from sealenv.seals.seal import read_seal
from sealenv.spec.model import current_platform

__all__ = ["SHELLS", "Resolution", "which"]

SHELLS = ("cmd", "powershell", "posix")
_ON_WINDOWS = ("cmd", "powershell")


@dataclass(frozen=True)
class _Search:
    """Where a command is looked for, and what is already known of the answer."""

    shell: str
    prefix: str | None
    folders: tuple[str, ...]
    pathext: str | None
    cwd: str | None
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def candidates(self, name: str) -> list[Candidate]:
        if self.shell == "posix":
            return posix_candidates(name, self.folders, self.cwd or os.curdir)
        pathext = self.pathext or PATHEXT
        return windows_candidates(name, self.folders, pathext, cwd=self.cwd, shell=self.shell)

    def first_file(self, name: str) -> str | None:
        files = (c for c in self.candidates(name) if c.state is not State.PASSED_OVER)
        return next((c.path for c in files if c.path), None)


def which(env: StrPath | None, command: str, *, shell: str | None = None) -> Resolution:
    """What a command would run in an environment, and why: every candidate in the shell's order.

    Args:
        env: a name or a path; None: in the current shell (`--here`).
        command: the command word.
        shell: `cmd`, `powershell` or `posix`; by default as the environment's platform has it.

    Raises:
        NotFoundError: there is no such environment.
        UsageError: the platform has no such shell; the command is empty.
    """
    if not command or "\0" in command:
        raise UsageError("no command", hint="sealenv which ENV COMMAND")
    return _answer(command, _current_shell(shell) if env is None else _activated(env, shell))


def _activated(env: StrPath, shell: str | None) -> _Search:
    """Search as after an activation of the environment in a clean shell, from the current folder."""
    found = inspect(find(os.fspath(env), os.environ))
    prefix = str(found.prefix)
    platform = found.platform or next(
        (r.subdir for r in found.package_list if r.subdir not in ("", "noarch")), current_platform()
    )
    shell = _shell_for(shell, platform)
    here = platform.split("-")[0] == current_platform().split("-")[0]
    variables = scrub(os.environ) if here else {}
    folders, pathext = _activated_path(prefix, variables, shell, here)
    search = _Search(shell, prefix, folders, pathext, _current_folder(shell) if here else None)
    if found.state in ("pending", "moved", "unreadable"):
        search.warnings.append(
            f"this environment is {found.state}, and its activation refuses; "
            "shown is what it would be"
        )
    if here and look(os.environ):
        search.warnings.append(
            "this shell is not clean, and an activation in it refuses; shown is what it would be"
        )
    if not here:
        search.notes.append(
            f"this environment is for {platform}: PATH, PATHEXT and the current folder of the machine "
            "where it is used are not known here; its own folders come first on PATH"
        )
    if scripts := _package_scripts(found.prefix, shell):
        search.notes.append(
            "activation scripts of its packages run too and may change PATH; they were not followed: "
            + ", ".join(scripts)
        )
    return search


def _current_shell(shell: str | None) -> _Search:
    """Search in the current shell, as far as the variables of this process show it."""
    environ = os.environ
    shell = _shell_for(shell, current_platform())
    names = ("SEALENV_PREFIX", "VIRTUAL_ENV", "CONDA_PREFIX")
    prefix = next((environ[name] for name in names if environ.get(name)), None)
    path = environ.get("PATH")
    folders = tuple(path.split(os.pathsep)) if path is not None else ()
    pathext = None if shell == "posix" else _pathext(environ)
    search = _Search(shell, prefix, folders, pathext, _current_folder(shell))
    if path is None:
        search.notes.append("PATH is not set: the shell's own default is not known here")
    search.notes.append("PATH is the one that this process was given; the shell's own may be newer")
    return search


def _shell_for(shell: str | None, platform: str) -> str:
    windows = is_windows(platform)
    if shell is None:
        return "cmd" if windows else "posix"
    if (shell in _ON_WINDOWS) != windows:
        fitting = [s for s in SHELLS if (s in _ON_WINDOWS) == windows]
        raise UsageError(
            f"{shell} has no activation of an environment for {platform}",
            hint=f"--shell takes {', '.join(fitting)} there",
        )
    return shell


def _current_folder(shell: str) -> str | None:
    """Return the current folder; None if cmd.exe does not look there."""
    if shell == "cmd" and os.environ.get("NODEFAULTCURRENTDIRECTORYINEXEPATH") is not None:
        return None
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.environ.get("PWD")  # it was removed: nothing is found there


def _pathext(variables: Mapping[str, str]) -> str:
    return next((v for name, v in variables.items() if name.upper() == "PATHEXT" and v), PATHEXT)


def _activated_path(
    prefix: str, variables: Mapping[str, str], shell: str, here: bool
) -> tuple[tuple[str, ...], str | None]:
    """Return the entries of PATH, and PATHEXT, as the activation script of the shell leaves them."""
    if shell in _ON_WINDOWS:
        first = shell == "cmd"
        if here and os.name == "nt":
            after = activated(prefix, variables, condabin_first=first)
            return tuple(after["PATH"].split(";")), _pathext(after)
        folders = path_folders(prefix, condabin_first=first)
        return tuple(folder.replace("\\", os.sep) for folder in folders), PATHEXT
    rest = (variables.get("PATH") or default_path(variables)) if here else ""
    own = os.path.join(prefix, "bin")
    return (own, *(entry for entry in rest.split(os.pathsep) if rest and entry != own)), None


def _package_scripts(prefix: Path, shell: str) -> list[str]:
    if shell == "cmd":
        return script_names(str(prefix))
    ending = ".ps1" if shell == "powershell" else ".sh"
    folder = prefix / "etc" / "conda" / "activate.d"
    return sorted(p.name for p in folder.glob(f"*{ending}") if not p.name.startswith("."))


def _answer(command: str, search: _Search) -> Resolution:
    owners: dict[str, dict[str, str]] = {}
    windows = search.shell in _ON_WINDOWS
    found = []
    for candidate in search.candidates(command):
        inside = _environment_of(candidate.path) if candidate.path else None
        owner = None
        if candidate.path and inside:
            if inside.prefix not in owners:
                owners[inside.prefix] = _owners(Path(inside.prefix))
            relative = Path(os.path.abspath(candidate.path)).relative_to(inside.prefix)
            owner = owners[inside.prefix].get(relative.as_posix().casefold())
        begun = starts(candidate, search.first_file, windows=windows)
        found.append(replace(candidate, starts=begun, environment=inside, owner=owner))
    answer = Resolution(
        command, search.shell, search.prefix, tuple(found), search.folders, search.pathext
    )
    return replace(
        answer,
        notes=(*search.notes, *_notes_on(answer)),
        warnings=(*search.warnings, *_warnings_on(answer, search.cwd)),
    )


def _environment_of(path: str) -> Environment | None:
    """Return the innermost environment that contains a path; links are not followed."""
    for above in Path(os.path.abspath(path)).parents:
        if (above / META).is_dir():
            return Environment(str(above), "conda")
        if (above / "pyvenv.cfg").is_file():
            return Environment(str(above), "venv")
    return None


def _owners(prefix: Path) -> dict[str, str]:
    """Return path in the prefix, case-folded -> `name version` of its package, or `sealenv`.

    The last package that has a path counts.
    """
    found: dict[str, str] = {}
    owned = set()
    for record in scan_records(prefix)[0]:
        for entry in record.paths_data.paths:
            owned.add(entry.path)
            found[entry.path.casefold()] = f"{record.name} {record.version}"
    if state_of(prefix) is PrefixState.SEALED:
        try:
            for name in read_seal(prefix).activation:
                found.setdefault(name.casefold(), "sealenv")
        except RecordError:
            pass
    for distribution in scan_distributions(prefix, owned):
        for file in distribution.files:
            found.setdefault(file.path.casefold(), f"{distribution.name} {distribution.version}")
    return found


def _notes_on(answer: Resolution) -> Iterator[str]:
    """Yield what only the shell itself knows."""
    winner, command = answer.winner, answer.command
    if answer.shell == "powershell":
        ask = f"Get-Command -All {command}"
        yield f"your aliases, functions and cmdlets come first; to see them: {ask}"
    elif answer.shell == "cmd":
        yield "at a prompt, a DOSKEY macro comes first; to see them: doskey /macros"
        if winner and winner.kind is Kind.BATCH:
            typed = f'"{command}"' if " " in command else command
            yield f"in a batch file write `call {typed}`: without it nothing after it runs"
    else:
        ask = f"command -V {shlex.quote(command)}"
        yield f"your aliases and functions, and some builtins, come first; to see them: {ask}"
        yield "your shell may remember an earlier place of a command; to forget it: hash -r"


def _warnings_on(answer: Resolution, cwd: str | None) -> Iterator[str]:
    """Yield what is probably not wanted.

    Args:
        answer: what was found.
        cwd: the current folder, if the shell looks into it.
    """
    winner = answer.winner
    if winner and cwd and winner.folder == cwd and answer.shell == "cmd":
        yield "what runs is in the current folder and hides all others; sealenv run never takes it"
    for one in answer.candidates:
        if one.state is State.PASSED_OVER or one.path is None:
            continue
        runs = one.state is State.RUNS
        inside = one.environment
        if inside and not (answer.prefix and _same(inside.prefix, answer.prefix)):
            which = f"{one.path} is of another environment ({inside.prefix})"
            order = "only the order of PATH keeps it from running"
            yield f"{which}, and it is what runs" if runs else f"{which}; {order}"
        if runs and one.starts and not one.starts.exists:
            yield f"{one.path} does not start: there is no {one.starts.path}"


def _same(one: str, other: str) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
