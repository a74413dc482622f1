"""Many findings in a terminal: those of one kind, package and folder are one line."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sealenv.seals.findings import Finding
from sealenv.system.streams import is_terminal

__all__ = ["Line", "everything", "fold", "folded"]

MOST = 20
"""So many findings are listed one by one."""
_FEWEST = 3
"""Fewer files are named, not counted."""
_OF_FILES = frozenset({
    "missing", "altered", "untracked", "clobbered", "wrong-type", "wrong-link", "broken-link",
    "wrong-mode", "unreadable", "stale-pyc", "orphaned-pyc",
})  # fmt: skip
"""Kinds of which path and kind say nearly all; of the others each detail is news."""


@dataclass(frozen=True)
class Line:
    """What is shown as one line."""

    finding: Finding
    """It, or the first of those that were folded."""
    path: str
    """Its path, or the folder that they are in, with `/` at its end."""
    hint: str = ""
    count: int = 1

    @property
    def files(self) -> str:
        """`201 files` of a folder; empty for one finding."""
        return f"{self.count} files" if self.count > 1 else ""


def folded(findings: Sequence[Finding], hints: Sequence[str] = ()) -> list[Line]:
    """The lines for stdout: in a terminal many are folded, elsewhere each finding is one."""
    return fold(findings, hints, most=MOST if is_terminal(sys.stdout) else len(findings))


def fold(findings: Sequence[Finding], hints: Sequence[str] = (), *, most: int = MOST) -> list[Line]:
    """One line for each finding, or for a folder's with the same kind, package and hint.

    A folder takes in what is below it where two such findings lie in itself, as in a package's own
    folder; the environment's own never does. A line stands where the first of its findings stood.

    Args:
        findings: in the order in which they are shown.
        hints: what to do about each; none when empty.
        most: so many are not folded.
    """
    hints = hints or [""] * len(findings)
    if len(findings) <= most:
        return [Line(f, f.path, hint) for f, hint in zip(findings, hints, strict=True)]
    keys = [(f.kind, f.package, hint) for f, hint in zip(findings, hints, strict=True)]
    own = [f.path.rpartition("/")[0] for f in findings]
    here = Counter(zip(keys, own, strict=True))
    places = []
    for key, folder in zip(keys, own, strict=True):
        parts = folder.split("/")
        above = ["/".join(parts[:n]) for n in range(1, len(parts))]
        places.append((key, next((a for a in above if here[key, a] > 1), folder)))
    together = [f.kind in _OF_FILES and not f.path.endswith("/") for f in findings]
    counts = Counter(place for place, it in zip(places, together, strict=True) if it)
    lines: dict[object, Line] = {}
    for number, (finding, place) in enumerate(zip(findings, places, strict=True)):
        (*_, hint), folder = place
        if together[number] and counts[place] >= _FEWEST and folder:
            lines.setdefault(place, Line(finding, f"{folder}/", hint, counts[place]))
        else:
            lines[number] = Line(finding, finding.path, hint)
    return list(lines.values())


def everything(command: str) -> str:
    """How to see what was folded.

    Args:
        command: that lists it, as it is typed.
    """
    pager = "more" if os.name == "nt" else "cat"
    return f"files of one folder are one line; each by itself: {command} | {pager} (or --json)"
