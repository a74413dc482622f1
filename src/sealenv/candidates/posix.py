"""What a POSIX shell finds for a name (POSIX, Shell Command Language, 2.9.1.4).

The first executable plain file on PATH. An empty entry is the current folder. All shells go on past what
they cannot start; where there is nothing else, they say `permission denied`.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence

from sealenv.candidates.builtins import BUILTINS, KEYWORDS
from sealenv.candidates.candidate import Candidate, Kind, State, ranked

__all__ = ["posix_candidates"]


def posix_candidates(
    name: str, folders: Sequence[str], cwd: str, dialect: str = "posix"
) -> list[Candidate]:
    """Every candidate for a command, in the order in which the shell comes to them.

    Args:
        name: the command word.
        folders: PATH's entries.
        cwd: the current folder: what relative entries of PATH start from.
        dialect: posix, bash, zsh or dash.
    """
    if "/" in name:
        real = os.path.join(cwd, name)
        named = _examine(real, None, "it is named by its path")
        if named is None:
            named = Candidate(real, None, Kind.OTHER, "there is no such file", State.PASSED_OVER)
        return ranked([named])
    found: list[Candidate] = []
    if name in KEYWORDS[dialect]:
        found.append(Candidate(None, None, Kind.KEYWORD, "a word of the shell's own grammar"))
    if name in BUILTINS[dialect]:
        found.append(Candidate(None, None, Kind.BUILTIN, "built into the shell"))
    if dialect == "bash":  # it alone knows `~` in an entry (Bash Reference Manual, 6.11)
        folders = [os.path.expanduser(entry) for entry in folders]
    for entry in dict.fromkeys(folders):
        file = os.path.join(cwd, entry, name) if entry else os.path.join(cwd, name)
        why = "first on PATH" if os.path.isabs(entry) else "PATH names the current folder"
        candidate = _examine(file, entry, why)
        if candidate:
            found.append(candidate)
    return ranked(found)


def _examine(path: str, folder: str | None, why: str) -> Candidate | None:
    """The candidate that a path is; None when nothing is there."""
    try:
        status = os.stat(path)
    except OSError as error:
        try:
            target = os.readlink(path)
        except OSError:
            if isinstance(error, FileNotFoundError | NotADirectoryError):
                return None
            return Candidate(
                path,
                folder,
                Kind.OTHER,
                f"it cannot be looked at: {error.strerror}",
                State.PASSED_OVER,
            )
        return Candidate(
            path, folder, Kind.OTHER, f"a link that leads nowhere: {target}", State.PASSED_OVER
        )
    if not stat.S_ISREG(status.st_mode):
        what = "it is a folder" if stat.S_ISDIR(status.st_mode) else "it is no plain file"
        return Candidate(path, folder, Kind.OTHER, what, State.PASSED_OVER)
    kind = _kind(path)
    if not os.access(path, os.X_OK):
        mode = stat.S_IMODE(status.st_mode)
        why = f"it is not executable (mode {mode:04o})"
        return Candidate(path, folder, kind, why, State.PASSED_OVER)
    return Candidate(path, folder, kind, why)


_PROGRAMS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def _kind(path: str) -> Kind:
    try:
        with open(path, "rb") as file:
            head = file.read(4)
    except OSError:
        return Kind.PROGRAM  # executable and not readable: nobody can tell
    return Kind.PROGRAM if head.startswith(_PROGRAMS) else Kind.SCRIPT
