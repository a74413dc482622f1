"""What a path in a file means, and what breaks if it is not rewritten."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Annotated

from sealenv.fields import Count, InPrefix, one_of
from sealenv.layout import FILES, HISTORY, META, SEAL, USER_FOLDER
from sealenv.relocation.owners import Owner
from sealenv.seals.fingerprint import ENTRY_POINTS
from sealenv.seals.snapshot import LINK, Row

WHOSE = {
    "own": "the environment itself",
    "former": "where the environment was before it was moved by hand, or by a move that could not "
    "rewrite the file",
}
"""Whose path it is."""

FIXES = {
    "relative": "`sealenv audit --fix` makes the path relative to the file",
    "move": "`sealenv move` rewrites it",
    "length": "`sealenv move` rewrites it only to a path of the same length",
    "none": "only you can fix it",
}
"""What rewrites the file."""

_DOCUMENTS = re.compile(
    r"(?:share/(?:doc|man|info|licenses|gtk-doc)|man|info|doc|docs|Library/(?:share/)?(?:doc|man))/|"
    r".*(?:\.log|\.md|\.rst|\.html?|\.ipynb|\.[1-9]|/(?:tests?|testing|examples?)/[^/]+)\Z"
)
_EDITABLE = re.compile(
    r".*(?:\.pth|\.egg-link|/__editable__[^/]*\.py|/__editable___[^/]*_finder\.py)\Z"
)


@dataclass(frozen=True)
class PathFinding:
    """One path in one file.

    Attributes:
        path: of the file, relative to the prefix, with `/`.
        owner: the package or distribution that it belongs to, if any.
        whose: one of `WHOSE`.
        found: the path that the file holds; empty if the file could not be searched.
        count: how often the file holds it.
        matters: whether something breaks at run time if it is not rewritten.
        why: why it matters or does not, as half a sentence.
        fix: one of `FIXES`.
        left: whether it matters and neither `move` nor `audit --fix` rewrites it: exit code 1.
    """

    path: InPrefix
    owner: str | None
    whose: Annotated[str, one_of(WHOSE)]
    found: str
    count: Count
    matters: bool
    why: str
    fix: Annotated[str, one_of(FIXES)]
    left: bool = field(init=False)

    def __post_init__(self) -> None:
        left = self.matters and (self.fix in ("none", "length") or self.whose == "former")
        object.__setattr__(self, "left", left)


@dataclass(frozen=True)
class Held:
    """One path in one file, or in the target of a link."""

    row: Row
    whose: str
    found: str
    count: int
    launcher: bool
    """The file is a Windows program that may start a script."""
    interpreter: bool
    """The path is in the line of a script or launcher that names the interpreter."""


def judge(held: Held, owner: Owner, *, ours: bool, runs: bool, stays: bool) -> tuple[bool, str]:
    """Return whether a path matters, and why.

    Args:
        held: the path and its file.
        owner: of the file.
        ours: whether sealenv writes the file.
        runs: whether the file is a program.
        stays: of compiled Python: whether its source has the path too, or is missing.
    """
    path = held.row.path
    folder, name = posixpath.split(path)
    if held.row.kind == LINK:
        return True, "the link would point to the old path"
    if path in (SEAL, FILES):
        return True, "activation and `run` compare it with the current path"
    if name == "RECORD" and folder.endswith(".dist-info"):
        return True, "pip needs it to uninstall"
    if path.startswith(f"{META}/") or folder.endswith((".dist-info", ".egg-info")):
        return False, "it is a log of past commands" if path == HISTORY else "it records an origin"
    if ours:
        return True, "the script works only at this path"
    if _EDITABLE.match(path):
        return True, "Python imports from this path"
    if path.startswith(f"{USER_FOLDER}/") and not (held.interpreter and runs):
        return False, "it is your own file, and sealenv never changes those"
    if path.endswith((".pyc", ".pyo")):
        if stays:
            return True, "its source contains the path too, or is missing"
        return False, "Python writes it again, and sets the right name when it imports it"
    if held.interpreter and not (runs or held.launcher):
        return False, "it is not executable: its first line is not used"
    if held.interpreter or held.launcher:
        return True, "its first line names the interpreter by this path"
    if owner.placeholder or owner.path_type in ENTRY_POINTS:
        return True, "its package needs the path in this file"
    if _DOCUMENTS.match(path):
        return False, "it is documentation"
    return True, "unknown: a program may need it"
