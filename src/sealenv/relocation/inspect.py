"""What one file holds, and what `move` will make of it: for `audit`."""

from __future__ import annotations

import io
import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

from sealenv.relocation.classify import HEAD, Held, is_launcher
from sealenv.relocation.edits import Change, Hints, RefusedError
from sealenv.relocation.links import below
from sealenv.relocation.occurrences import is_in_compiled, occurrences, occurrences_in
from sealenv.relocation.rewrite import rewrite
from sealenv.relocation.spellings import Spellings

__all__ = ["Outlook", "Place", "held_by_file", "held_by_link"]

_MOST = 64 << 20
"""Bytes: no launcher is larger."""
_LAUNCHED = re.compile(rb"#![^\n]{1,2048}\n(?=PK\x03\x04)")


@dataclass(frozen=True)
class Place:
    """The environment's own path, or one that it had.

    Attributes:
        whose: `own` or `former`.
        spellings: the path in all forms.
    """

    whose: str
    spellings: Spellings


def held_by_link(path: str, text: str, places: Sequence[Place]) -> list[Held]:
    """What the text of a link holds.

    Args:
        path: of it, relative to the prefix.
        text: what it says.
        places: which are looked for.
    """
    held = []
    for place in places:
        forms = Counter(o.form for o in occurrences(os.fsencode(text), place.spellings))
        if not forms and below(place.spellings.place, path, text) is not None:
            forms["plain" if os.path.isabs(text) else "relative"] = 1
        if forms:
            held.append(Held(path, place.whose, place.spellings.place, dict(forms), link=True))
    return held


def held_by_file(file: BinaryIO, path: str, places: Sequence[Place], *, runs: bool) -> list[Held]:
    """What a file holds; it is read once for each place, in windows.

    Args:
        file: open for reading, from its beginning.
        path: of it, relative to the prefix.
        places: which are looked for.
        runs: see `Held`.

    Raises:
        OSError: it cannot be read.
    """
    head = file.read(HEAD)
    first, end = _interpreter(file, path, head)
    held = []
    for place in places:
        file.seek(0)
        forms, starts = Counter[str](), False
        for found in occurrences_in(file, place.spellings):
            forms[found.form] += 1
            starts = starts or first <= found.start < end
        if not forms and _is_in_compiled(file, path, head, place.spellings):
            forms["plain"] = 1
        if forms:
            held.append(
                Held(
                    path, place.whose, place.spellings.place, dict(forms), head,
                    runs=runs, interpreter=starts,
                )
            )  # fmt: skip
    return held


@dataclass(frozen=True)
class Outlook:
    """What `move` will do with a file: asked by moves to a longer path and to one of the same length."""

    longer: Change
    same: Change

    @classmethod
    def of(cls, place: str, platform: str) -> Outlook | None:
        """For files that hold a path; None if it is not the path of a folder.

        The sample paths differ by an ASCII letter, so they have every form that the path has.
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

        A program without room for the longer path is rewritten as far as there is room: `move` says so
        before anything is done.

        Args:
            path: relative to the prefix.
            content: the file, which can be sought in.
            hints: what its package says of it.

        Raises:
            OSError: it cannot be read.
        """
        try:
            longer = rewrite(path, content, self.longer, hints)
            return ("move", "") if longer.needed else ("none", "it is not the path of the seal")
        except RefusedError as error:
            if error.over:
                return "move", ""
            why = error.what
        try:
            rewrite(path, content, self.same, hints)
        except RefusedError as error:
            return "none", error.what
        return "length", why


def _is_in_compiled(file: BinaryIO, path: str, head: bytes, wanted: Spellings) -> bool:
    if not path.endswith((".pyc", ".pyo")) or head[2:4] != b"\r\n":
        return False
    file.seek(0)
    return is_in_compiled(file.read(), wanted)


def _interpreter(file: BinaryIO, path: str, head: bytes) -> tuple[int, int]:
    """From where to where the interpreter is named.

    That is the first line of a script (of two lines of sh, the second), in a launcher of Windows the one
    before the archive.
    """
    if head.startswith(b"#!"):
        end = head.find(b"\n", 10 if head.startswith(b"#!/bin/sh\n'''exec'") else 0)
        return 0, end if end >= 0 else len(head)
    program = head.startswith(b"MZ") and is_launcher(path)
    if not program or file.seek(0, io.SEEK_END) > _MOST:
        return 0, 0
    file.seek(0)
    found = _LAUNCHED.search(file.read())
    return found.span() if found else (0, 0)
