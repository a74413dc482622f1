"""What `move` will make of a file: its rewriter is asked, for places as there may be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import BinaryIO

from sealenv.portability.rewriting.change import DOES_NOT_FIT, Change, Hints, Refusal, Rewriting
from sealenv.portability.rewriting.whole import rewrite

__all__ = ["Outlook"]


@dataclass(frozen=True)
class Outlook:
    """Asks for what holds one place.

    Attributes:
        longer: a change to a longer place.
        same: one to a place of the same length.
    """

    longer: Change
    same: Change

    @classmethod
    def of(cls, place: str, platform: str) -> Outlook | None:
        """For files that hold a place; None where that is no path of a folder.

        The samples differ by an ASCII letter, so they have every form that the place has.
        """
        found = re.fullmatch(r"(.*?)([A-Za-z0-9]?)([^A-Za-z0-9]*)", place, re.DOTALL)
        if found is None:
            return None
        head, letter, tail = found.groups()
        other = "x" if letter.lower() != "x" else "y"
        try:
            return cls(
                Change.between(place, f"{place}x", platform),
                Change.between(place, f"{head}{other}{tail}", platform),
            )
        except ValueError:
            return None

    def tell(self, path: str, content: BinaryIO, hints: Hints) -> tuple[str, str]:
        """What it will do (`finding.MENDS`), and why not more.

        A program that has no room for the longer place is rewritten as far as there is room: `move`
        says so before anything is done.

        Args:
            path: relative to the prefix.
            content: the file, which can be sought in.
            hints: what its package says of it.

        Raises:
            OSError: it cannot be read.
        """
        longer = rewrite(path, content, self.longer, hints)
        if isinstance(longer, Rewriting):
            return ("move", "") if longer.edits else ("none", "it is not the path of the seal")
        if longer.reason == DOES_NOT_FIT:
            return "move", ""
        same = rewrite(path, content, self.same, hints)
        if isinstance(same, Refusal):
            return "none", same.what
        return "length", longer.what
