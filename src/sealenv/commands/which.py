"""`which`: the file that a command runs in an environment, its package, and the other candidates.

Nothing is started and nothing written: PATH is computed as the activation script would set it. What only
a running shell knows (functions, aliases, builtins) is in `notes`.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from sealenv.activation.windows import activated, path_folders, script_names
from sealenv.commands.environments import Info, inspect
from sealenv.errors import RecordError, UsageError
from sealenv.gates.admission import default_path, look, scrub
from sealenv.inventory.candidates import (
    PATHEXT,
    Candidate,
    Environment,
    Resolution,
    State,
    posix_candidates,
    windows_candidates,
)
from sealenv.layout import META, is_windows, state_of
from sealenv.layout import State as PrefixState
from sealenv.prefix.records import scan_records
from sealenv.request import StrPath, prefix_of
from sealenv.seals.distributions import scan_distributions
from sealenv.seals.seal import read_seal
from sealenv.spec.model import current_platform


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
    platform = found.platform or next(
        (r.subdir for r in found.package_list if r.subdir not in ("", "noarch")), current_platform()
    )
    here = platform.split("-")[0] == current_platform().split("-")[0]
    windows = is_windows(platform)
    folders, pathext = _activated_path(str(found.prefix), windows=windows, here=here)
    first = _current_folder() if windows and here else []
    if windows:
        candidates = windows_candidates(command, [*first, *folders], pathext)
    else:
        candidates = posix_candidates(command, folders)
    candidates = _with_owners(candidates)
    return Resolution(
        command=command,
        shell="cmd" if windows else "posix",
        prefix=str(found.prefix),
        found=any(c.state is State.RUNS for c in candidates),
        candidates=tuple(candidates),
        path=tuple(folders),
        pathext=pathext if windows else None,
        notes=tuple(_notes(command, found, platform, here=here)),
        warnings=tuple(_warnings(candidates, found, first, here=here)),
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


def _current_folder() -> list[str]:
    """Return the current folder if cmd.exe looks there."""
    return [] if "NODEFAULTCURRENTDIRECTORYINEXEPATH" in os.environ else [os.getcwd()]


def _with_owners(candidates: list[Candidate]) -> list[Candidate]:
    owners: dict[str, Mapping[str, str]] = {}
    found = []
    for one in candidates:
        inside = _environment_of(one.path)
        owner = None
        if inside:
            if inside.prefix not in owners:
                owners[inside.prefix] = _owners(Path(inside.prefix))
            relative = Path(os.path.abspath(one.path)).relative_to(inside.prefix)
            owner = owners[inside.prefix].get(relative.as_posix().casefold())
        found.append(replace(one, environment=inside, owner=owner))
    return found


def _environment_of(path: str) -> Environment | None:
    """Return the innermost environment that contains a path; links are not followed."""
    for above in Path(os.path.abspath(path)).parents:
        if (above / META).is_dir():
            return Environment(str(above), "conda")
        if (above / "pyvenv.cfg").is_file():
            return Environment(str(above), "venv")
    return None


def _owners(prefix: Path) -> dict[str, str]:
    """Return path in the prefix, case-folded -> `name version` of its package, or `sealenv`."""
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


def _notes(command: str, found: Info, platform: str, *, here: bool) -> Iterator[str]:
    """Yield what only the shell itself knows."""
    windows = is_windows(platform)
    if not here:
        yield (
            f"this environment is for {platform}: PATH of the machine where it is used is not known "
            "here; the environment's own folders come first on PATH"
        )
    if windows:
        scripts = script_names(str(found.prefix))
    else:
        folder = found.prefix / "etc" / "conda" / "activate.d"
        scripts = sorted(path.name for path in folder.glob("[!.]*.sh"))
    if scripts:
        yield (
            "activation scripts of its packages run too and may change PATH; they were not followed: "
            + ", ".join(scripts)
        )
    if windows:
        yield (
            "commands and macros of cmd.exe come first (doskey /macros); PowerShell has another "
            f"order: Get-Command -All {command}"
        )
    else:
        ask = f"command -V {shlex.quote(command)}"
        yield f"your aliases and functions, and some builtins, come first; to see them: {ask}"


def _warnings(
    candidates: list[Candidate], found: Info, first: list[str], *, here: bool
) -> Iterator[str]:
    """Yield what is probably not wanted; `first` is the current folder if it comes before PATH."""
    if found.state in ("pending", "moved", "unreadable"):
        yield f"this environment is {found.state}, and its activation refuses"
    if here and look(os.environ):
        yield "this shell is not clean, and an activation in it refuses; shown is what it would be"
    for one in candidates:
        runs, inside = one.state is State.RUNS, one.environment
        if runs and one.folder in first:
            yield "what runs is in the current folder and hides all others; sealenv run never takes it"
        if one.state is State.PASSED_OVER or not inside or _same(inside.prefix, found.prefix):
            continue
        order = "only the order of PATH keeps it from running"
        text = f"{one.path} is of another environment ({inside.prefix})"
        yield f"{text}, and it is what runs" if runs else f"{text}; {order}"


def _same(one: str, other: Path) -> bool:
    return os.path.normcase(os.path.realpath(one)) == os.path.normcase(os.path.realpath(other))
