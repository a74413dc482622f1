"""`which`: what a command would run in an environment, or in the current shell, and why.

Nothing is started and nothing written: PATH is computed as the activation script would set it. What only
a running shell knows (functions, aliases, what it remembers) is said in `notes`, never guessed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.activation.windows import activated, path_folders
from sealenv.activation.winlaunch import script_names
from sealenv.candidates import (
    Belongings,
    Candidate,
    Resolution,
    Row,
    State,
    notes_on,
    posix_candidates,
    starts,
    warnings_on,
    windows_candidates,
)
from sealenv.candidates.cmdexe import PATHEXT
from sealenv.commands.environments import inspect
from sealenv.errors import UsageError
from sealenv.gates.children import scrub
from sealenv.gates.findings import find as find_dirt
from sealenv.gates.whitelist import default_path
from sealenv.layout import is_windows
from sealenv.prefix.lookup import find
from sealenv.request.arguments import StrPath
from sealenv.spec.model import current_platform

__all__ = ["SHELLS", "Resolution", "Row", "find_command", "find_command_here", "which"]

SHELLS = ("cmd", "powershell", "posix", "bash", "zsh", "dash")
_ON_WINDOWS = ("cmd", "powershell")
_OTHER_SHELLS = frozenset({"fish", "tcsh", "csh", "nu", "xonsh", "elvish", "pwsh", "ksh"})


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


def which(env: StrPath | None, command: str, *, shell: str | None = None) -> Resolution:
    """What a command would run in an environment, and why: every candidate in the shell's order.

    Args:
        env: a name or a path; None: in the shell that started this process (`--here`).
        command: the command word.
        shell: `cmd`, `powershell`, `posix`, `bash`, `zsh` or `dash`; without it as the environment's
            platform has it.

    Raises:
        NotFoundError: there is no such environment.
        UsageError: the platform has no such shell; the command is empty.
    """
    if env is None:
        return find_command_here(command, shell)
    return find_command(os.fspath(env), command, shell)


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
        (r.subdir for r in found.package_list if r.subdir not in ("", "noarch")), current_platform()
    )
    shell = _shell_for(shell, is_windows(platform), platform)
    here = platform.split("-")[0] == current_platform().split("-")[0]
    variables = scrub(environ) if here else {}
    folders, variables = _activated_path(prefix, variables, shell, here)
    cwd = _current(environ) if here else None
    if here and shell == "cmd" and environ.get("NoDefaultCurrentDirectoryInExePath") is not None:
        cwd = None
    scene = _Scene(shell, prefix, folders, variables, cwd)
    if found.state in ("pending", "moved", "unreadable"):
        scene.warnings.append(
            f"this environment is {found.state}, and its activation refuses; "
            "shown is what it would be"
        )
    if here and find_dirt(scrub(environ)):
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


def _current(environ: Mapping[str, str]) -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        return environ.get("PWD") or os.curdir  # it was removed: nothing is found there


def find_command_here(
    command: str, shell: str | None = None, environ: Mapping[str, str] | None = None
) -> Resolution:
    """What a command would run in the shell that started this process, as far as its variables tell.

    Args:
        command: the command word.
        shell: one of SHELLS that this system has; when None the one that started this process, where
            that can be told, else cmd or posix.
        environ: the variables of the shell; those of this process when None.

    Raises:
        UsageError: this system has no such shell; the command is empty.
    """
    environ = os.environ if environ is None else environ
    _check(command)
    around = None if shell else _started_by()
    known = around in SHELLS and (around in _ON_WINDOWS) == (os.name == "nt")
    shell = _shell_for(around if known else shell, os.name == "nt", current_platform())
    prefix = next(
        (environ[n] for n in ("SEALENV_PREFIX", "VIRTUAL_ENV", "CONDA_PREFIX") if environ.get(n)),
        None,
    )
    path = environ.get("PATH")
    cwd: str | None = _current(environ)
    if shell == "cmd" and environ.get("NoDefaultCurrentDirectoryInExePath") is not None:
        cwd = None
    folders = tuple(path.split(os.pathsep)) if path is not None else ()
    scene = _Scene(shell, prefix, folders, dict(environ), cwd)
    if around in _OTHER_SHELLS:
        scene.notes.append(f"{around} has rules of its own; shown are those of {shell}")
    if path is None:
        scene.notes.append("PATH is not set: each shell makes one up then, which is not known here")
    scene.notes.append("PATH is the one that this process was given; the shell's own may be newer")
    return _answer(command, scene)


def _started_by() -> str | None:
    """The name of the process that started this one; None where /proc does not tell it."""
    if os.name == "nt":
        return None
    try:
        return Path(f"/proc/{os.getppid()}/comm").read_text(encoding="utf-8").strip().lstrip("-")
    except (OSError, UnicodeDecodeError):
        return None


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
        return posix_candidates(
            name, scene.folders, scene.cwd or _current(scene.variables), scene.shell
        )

    def first_file(name: str) -> str | None:
        files = (c for c in candidates(name) if c.state is not State.PASSED_OVER)
        return next((c.path for c in files if c.path), None)

    belongings = Belongings()
    rows = []
    for candidate in candidates(command):
        inside = belongings.environment_of(candidate.path) if candidate.path else None
        owner = belongings.owner_of(candidate.path, inside) if candidate.path and inside else None
        begun = starts(candidate, scene.variables, first_file, windows=windows)
        rows.append(
            Row(
                candidate.path,
                candidate.folder,
                candidate.kind,
                candidate.because,
                candidate.state,
                owner=owner,
                environment=inside,
                starts=begun,
            )
        )
    answer = Resolution(
        command, scene.shell, scene.prefix, tuple(rows), scene.folders, pathext, (), ()
    )
    return Resolution(
        command, scene.shell, scene.prefix, tuple(rows), scene.folders, pathext,
        (*scene.notes, *notes_on(answer)), (*scene.warnings, *warnings_on(answer, scene.cwd)),
    )  # fmt: skip


def _lookup(variables: Mapping[str, str], name: str) -> str | None:
    return next((text for key, text in variables.items() if key.upper() == name), None)
