"""Findings of an audit: what a path in a file means, and what breaks if it is not rewritten."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from sealenv.fields import Count, InPrefix, one_of
from sealenv.layout import FILES, HISTORY, META, SEAL, USER_FOLDER
from sealenv.relocation.owners import SHIPPED, Owner
from sealenv.seals.fingerprint import ENTRY_POINTS

KINDS = {
    "placeholder": "its package needs the path: the record lists a placeholder",
    "installer": "the installer wrote the path: a launcher, an activation script, a `.pth` file",
    "record": "a record of conda, pip or sealenv about the environment",
    "link": "the text of a symbolic link",
    "compiled": "compiled Python, with the path from its source or of its source",
    "data": "anything else",
    "unreadable": "it could not be searched",
}
"""Every kind of file that holds a path (docs/how-to/audit.md)."""

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

HEAD = 8192
"""How many bytes from the start of a file are read for its kind and its first line."""

_DOCUMENTS = re.compile(
    r"(?:share/(?:doc|man|info|licenses|gtk-doc)|man|info|doc|docs|Library/(?:share/)?(?:doc|man))/|"
    r".*(?:\.log|\.md|\.rst|\.html?|\.ipynb|\.[1-9]|/(?:tests?|testing|examples?)/[^/]+)\Z"
)
_EDITABLE = re.compile(r"__editable__[^/]*\.py\Z|__editable___[^/]*_finder\.py\Z")
_COMPILED = (".pyc", ".pyo")


@dataclass(frozen=True)
class PathFinding:
    """One path in one file.

    Attributes:
        path: of the file, relative to the prefix, with `/`.
        owner: the package or distribution that it belongs to, if any.
        kind: one of `KINDS`.
        whose: one of `WHOSE`.
        found: the path that the file holds.
        count: how often the file holds it.
        forms: how it is written -> how often.
        matters: whether something breaks at run time if it is not rewritten.
        why: why it matters or does not, as half a sentence.
        fix: one of `FIXES`.
        room: the longest path, in bytes, that fits instead of it; None: any.
        left: whether it matters and neither `move` nor `audit --fix` rewrites it: exit code 1.
    """

    path: InPrefix
    owner: str | None
    kind: Annotated[str, one_of(KINDS)]
    whose: Annotated[str, one_of(WHOSE)]
    found: str
    count: Count = field(init=False)
    forms: Annotated[dict[str, int], Meta(description="how it is written -> how often")] = field(
        hash=False
    )
    matters: bool
    why: str
    fix: Annotated[str, one_of(FIXES)]
    room: int | None = None
    left: bool = field(init=False)

    def __post_init__(self) -> None:
        left = self.matters and (self.fix in ("none", "length") or self.whose == "former")
        object.__setattr__(self, "count", sum(self.forms.values()))
        object.__setattr__(self, "left", left)

    @classmethod
    def unreadable(cls, path: str, why: str) -> PathFinding:
        """Return the finding for a file that could not be searched."""
        return cls(path, None, "unreadable", "own", "", {}, True, why, "none")


@dataclass(frozen=True)
class Held:
    """One path in one file, or in the target of a link.

    Attributes:
        path: of the file.
        whose: one of `WHOSE`.
        found: the path.
        forms: how it is written -> how often.
        head: the first `HEAD` bytes of the file.
        link: the file is a link.
        runs: the file is executable, or Windows would run it.
        interpreter: the path is in the line of a script or launcher that names the interpreter.
    """

    path: str
    whose: str
    found: str
    forms: dict[str, int]
    head: bytes = b""
    link: bool = False
    runs: bool = False
    interpreter: bool = False

    @property
    def launcher(self) -> bool:
        """Whether it is a Windows program that may start a script."""
        return self.head.startswith(b"MZ") and is_windows_script(self.path)


def is_windows_script(path: str) -> bool:
    """Return whether a Windows program of that name may start a script."""
    path = path.lower()
    return path.startswith("scripts/") and path.endswith(".exe")


def classify(
    held: Held, owner: Owner, *, ours: bool, source: bool, fix: str, unfixed: str
) -> PathFinding:
    """Decide what a path in a file means: `ours` if sealenv writes the file, `fix` is one of `FIXES`.

    `source` is whether the source of compiled Python has the path too, or is missing.
    """
    kind, matters, why = _judge(held, owner, ours, source)
    if unfixed == SHIPPED:
        matters, why = False, SHIPPED
    elif matters and unfixed:
        why = f"{why}, and {unfixed}"
    return PathFinding(
        held.path, "sealenv" if ours else owner.name, kind, held.whose, held.found, held.forms,
        matters, why, fix, _room(held, owner) if fix in ("move", "length") else None,
    )  # fmt: skip


def _judge(held: Held, owner: Owner, ours: bool, source: bool) -> tuple[str, bool, str]:
    """Return the kind of the file, whether the path matters, and why."""
    if held.link:
        return "link", True, "the link would point to the old path"
    written = _bookkeeping(held.path, ours)
    if written:
        return written
    if held.path.startswith(f"{USER_FOLDER}/") and not (held.interpreter and held.runs):
        return "data", False, "it is your own file, and sealenv never changes those"
    if held.path.endswith(_COMPILED):
        if source:
            return "compiled", True, "its source contains the path too, or is missing"
        return (
            "compiled",
            False,
            "Python writes it again, and sets the right name when it imports it",
        )
    kind = "installer" if owner.path_type in ENTRY_POINTS or held.launcher else "data"
    kind = "placeholder" if owner.placeholder else kind
    if held.launcher:
        return kind, True, "its first line names the interpreter by this path"
    if held.interpreter:
        kind = "installer" if kind == "data" else kind
        if held.runs:
            return kind, True, "its first line names the interpreter by this path"
        return kind, False, "it is not executable: its first line is not used"
    return _contents(held, owner, kind)


def _bookkeeping(path: str, ours: bool) -> tuple[str, bool, str] | None:
    """Judge what sealenv, conda, pip and setuptools wrote about what they installed."""
    if path in (SEAL, FILES):
        return "record", True, "activation and `run` compare it with the current path"
    if path == HISTORY:
        return "record", False, "it is a log of past commands"
    if path.startswith(f"{META}/"):
        return "record", False, "it records the origin of the package"
    if ours:
        return "installer", True, "the script works only at this path"
    folder, name = posixpath.split(path)
    if folder.endswith((".dist-info", ".egg-info")):
        if name == "RECORD":
            return "record", True, "pip needs it to uninstall"
        return "record", False, "it records the origin of the distribution"
    if name.endswith((".pth", ".egg-link")) or _EDITABLE.match(name):
        return "installer", True, "Python imports from this path"
    return None


def _contents(held: Held, owner: Owner, kind: str) -> tuple[str, bool, str]:
    """Judge a path that is somewhere in the contents of a file."""
    if owner.placeholder:
        what = "program or library" if b"\0" in held.head else "file"
        return kind, True, f"its package needs the path in this {what}"
    if kind == "installer":
        return kind, True, "the entry point contains the path"
    if _DOCUMENTS.match(held.path):
        return kind, False, "it is documentation"
    return kind, True, "unknown: a program may need it"


def _room(held: Held, owner: Owner) -> int | None:
    """Return how long the new path may be."""
    if held.link or held.launcher or b"\0" not in held.head or held.path.endswith(_COMPILED):
        return None
    return len((owner.placeholder or held.found).encode("utf-8", "surrogateescape"))
