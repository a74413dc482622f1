r"""What cmd.exe and PowerShell find for a name.

cmd.exe: its own commands; else the current folder, then each folder of PATH, and in a folder the endings
in the order of PATHEXT. A name with a dot in it is tried as it is first. A file without an ending is
never started. PowerShell: not the current folder, and `.ps1` before PATHEXT.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from sealenv.candidates.builtins import BUILTINS, KEYWORDS
from sealenv.candidates.candidate import Candidate, Kind, State, ranked

__all__ = ["PATHEXT", "windows_candidates"]

PATHEXT = ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC"
"""What Windows has in PATHEXT when nobody has changed it."""


def windows_candidates(
    name: str,
    folders: Sequence[str],
    pathext: str = PATHEXT,
    *,
    cwd: str | None,
    dialect: str = "cmd",
) -> list[Candidate]:
    """Every candidate for a command, in the order in which the shell comes to them.

    Args:
        name: the command word, without quotes.
        folders: PATH's entries, as this machine spells them: an environment for Windows is looked at
            on Linux too.
        pathext: PATHEXT.
        cwd: the current folder, where it counts; None where it is not looked at or not known.
        dialect: cmd or powershell.
    """
    endings = [end.lower() for end in pathext.split(";") if end]
    if dialect == "powershell":
        endings.insert(0, ".ps1")
    if any(mark in name for mark in "\\/:"):
        native = name.replace("\\", os.sep)
        folder, base = os.path.split(os.path.join(cwd or os.getcwd(), native))
        named = list(_in_folder(folder, None, base, endings, dialect, "it is named by its path"))
        return ranked(named, _BESIDE)
    found: list[Candidate] = []
    if name.lower() in KEYWORDS[dialect]:
        found.append(Candidate(None, None, Kind.KEYWORD, "a word of the shell's own grammar"))
    if name.lower() in BUILTINS[dialect]:
        found.append(Candidate(None, None, Kind.BUILTIN, "built into cmd.exe"))
    seen = set()
    here = [cwd] if cwd and dialect == "cmd" else []
    for entry in [*here, *folders]:
        folder = entry.strip().strip('"')
        key = os.path.normcase(folder.rstrip("\\/"))
        if not folder or key in seen:
            continue
        seen.add(key)
        current = bool(here) and folder == here[0]
        why = "cmd.exe looks into the current folder first" if current else "first on PATH"
        found += _in_folder(folder, entry, name, endings, dialect, why)
    return ranked(found, _BESIDE)


def _in_folder(
    folder: str, entry: str | None, name: str, endings: Sequence[str], dialect: str, why: str
) -> list[Candidate]:
    """The candidates of one folder; names are compared without case, as Windows does."""
    folded = name.casefold()
    try:
        with os.scandir(folder) as entries:
            near = {e.name.casefold(): e for e in entries if e.name.casefold().startswith(folded)}
    except OSError:
        return []
    order = [folded + end for end in endings]
    dotted = "." in name
    if dotted:
        order.insert(0, folded)
    found = [
        _examine(near[key], entry, why, endings, dialect)
        for key in dict.fromkeys(order)
        if key in near
    ]
    passed = {folded: "it has no ending", folded + ".ps1": "only PowerShell starts .ps1"}
    for key, reason in passed.items():
        if key in near and key not in order:
            because = f"{reason}: {dialect} does not start it"
            found.append(Candidate(near[key].path, entry, Kind.OTHER, because, State.PASSED_OVER))
    return found


_BESIDE = "one in the same folder has an ending that PATHEXT has earlier"
_KINDS = {
    ".com": Kind.PROGRAM,
    ".exe": Kind.PROGRAM,
    ".bat": Kind.BATCH,
    ".cmd": Kind.BATCH,
    ".ps1": Kind.SCRIPT,
}


def _examine(
    found: os.DirEntry[str], entry: str | None, why: str, endings: Sequence[str], dialect: str
) -> Candidate:
    ending = os.path.splitext(found.name)[1].lower()
    kind = _KINDS.get(ending, Kind.DOCUMENT)
    try:
        if found.is_dir():
            return Candidate(found.path, entry, Kind.OTHER, "it is a folder", State.PASSED_OVER)
        if found.is_symlink() and not os.path.exists(found.path):
            reason = f"a link that leads nowhere: {os.readlink(found.path)}"
            return Candidate(found.path, entry, Kind.OTHER, reason, State.PASSED_OVER)
    except OSError as error:
        reason = f"it cannot be looked at: {error.strerror}"
        return Candidate(found.path, entry, Kind.OTHER, reason, State.PASSED_OVER)
    if dialect == "cmd" and ending == ".ps1" and ending not in endings:
        reason = "only PowerShell starts .ps1: cmd does not start it"
        return Candidate(found.path, entry, kind, reason, State.PASSED_OVER)
    if kind is Kind.DOCUMENT:
        why = f"{why}; {dialect} opens it with what {ending} is associated with"
    return Candidate(found.path, entry, kind, why)
