"""Find the commands of an activated shell: the file that runs, and those that it hides.

Only the environment's own folders are searched; later ones on PATH depend on the machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sealenv.activation.windows import path_folders
from sealenv.inventory.candidates import (
    PATHEXT,
    Candidate,
    State,
    posix_candidates,
    windows_candidates,
)
from sealenv.inventory.starting import starts
from sealenv.layout import bin_dirs, is_windows
from sealenv.system.files import open_regular

__all__ = ["Command", "find_commands", "path_order"]

_ENDINGS = frozenset(PATHEXT.split(";"))


@dataclass(frozen=True)
class Command:
    """One name that can be typed.

    Attributes:
        name: as typed; on Windows without the suffix.
        path: the file that is run, relative to the prefix; empty for a command of the shell itself.
        what: `program`, `script: ...`, `link to ...`, `batch file`.
        owner: the item that the file belongs to; None: untracked.
        hides: files of that name later on PATH, relative to the prefix.
    """

    name: str
    path: str
    what: str
    owner: str | None
    hides: tuple[str, ...]


def path_order(prefix: Path, platform: str) -> list[str]:
    """Return the folders that an activation puts on PATH, relative to the prefix (`.`: itself).

    On Windows in the order of cmd.exe, where condabin comes first.
    """
    if is_windows(platform):
        top = str(prefix)
        folders = [f[len(top) :].strip("\\").replace("\\", "/") or "." for f in path_folders(top)]
    else:
        folders = [folder.relative_to(prefix).as_posix() for folder in bin_dirs(prefix, platform)]
    return [folder for folder in folders if (prefix / folder).is_dir()]


def find_commands(prefix: Path, platform: str, owners: Mapping[str, str]) -> list[Command]:
    """Find every command by the rules of `sealenv which`: those of cmd.exe, or of a POSIX shell.

    Args:
        prefix: of an environment.
        platform: its subdir.
        owners: path relative to the prefix -> item.
    """
    windows = is_windows(platform)
    folders = [os.path.join(prefix, folder) for folder in path_order(prefix, platform)]
    found = []
    for name in sorted(_names(folders, windows=windows)):
        if windows:
            candidates = windows_candidates(name, folders, cwd=None)
        else:
            candidates = posix_candidates(name, folders, str(prefix))
        runs = next((c for c in candidates if c.state is State.RUNS), None)
        if runs is None:
            continue  # nothing runs
        paths = [_relative(prefix, c.path) for c in candidates if c.path and _counts(c)]
        if runs.path is None:
            found.append(Command(name, "", runs.because, None, tuple(paths)))
        else:
            what = _what(prefix, paths[0], runs, windows=windows)
            found.append(Command(name, paths[0], what, owners.get(paths[0]), tuple(paths[1:])))
    return found


def _names(folders: Sequence[str], *, windows: bool) -> set[str]:
    """Return the names of files in these folders; on Windows without the suffix, in lower case."""
    found = set()
    for folder in folders:
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        for name in names:
            stem, ending = os.path.splitext(name)
            if not windows:
                found.add(name)
            elif ending.upper() in _ENDINGS:
                found.add(stem.lower())
    return found


def _counts(candidate: Candidate) -> bool:
    return candidate.state is not State.PASSED_OVER


def _relative(prefix: Path, path: str) -> str:
    return Path(os.path.normpath(path)).relative_to(os.path.normpath(prefix)).as_posix()


def _what(prefix: Path, relative: str, candidate: Candidate, *, windows: bool) -> str:
    path = prefix / relative
    try:
        if path.is_symlink():
            return f"link to {os.readlink(path)}"
        with open_regular(path) as file:
            head = file.read(200)
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if head.startswith(b"#!"):
        line = head[2:].partition(b"\n")[0].decode("utf-8", "replace").strip()
        if line == "/bin/sh":
            # Lines of sh that Python skips may start the interpreter, as `which` says.
            begun = starts(candidate, lambda name: None, windows=windows)
            line = begun.path if begun else line
        for top in (prefix, os.path.realpath(prefix)):
            line = line.replace(f"{top}/", "ENV/")
        return f"script: {line}"
    return "batch file" if path.suffix.lower() in (".bat", ".cmd") else "program"
