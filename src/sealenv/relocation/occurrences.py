r"""Where a path is in bytes, in any of its forms.

A path ends where a name ends: `/envs/e` is in `-I/envs/e/include` and `PATH=/a:/envs/e/bin`, and is not
in `/envs/e2`, `/envs/e-old` or `/mnt/envs/e`. The rules are in docs/reference/portability.md.
A file may be bigger than memory: `occurrences_in` reads it in windows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sealenv.relocation.spellings import Spellings

__all__ = [
    "Occurrence",
    "begins",
    "ends",
    "is_blank",
    "is_in_compiled",
    "occurrences",
    "occurrences_in",
]

WINDOW = 4 << 20
"""Bytes that are searched at once; memory is a few times that."""
_LEFT = 128
_RIGHT = 16
"""Bytes around an occurrence that decide whether it is one."""
_BLANK = bytes(1 << 12)


class Occurrence(NamedTuple):
    """A path from `start` to before `end`, in bytes, and the form that it has."""

    start: int
    end: int
    form: str


def is_blank(data: bytes) -> bool:
    """Tell whether these are many NULs and nothing else: `find` is slow there if it looks for NULs."""
    return data.startswith(_BLANK) and data == bytes(len(data))


def occurrences(data: bytes, wanted: Spellings) -> Iterator[Occurrence]:
    """All of them, from left to right; none overlaps another, and the longest counts."""
    return _found(data, wanted, 0, 0, len(data), -1)


def occurrences_in(
    stream: BinaryIO, wanted: Spellings, *, window: int = WINDOW
) -> Iterator[Occurrence]:
    """The same of a stream of any length, from where it stands; offsets count from there.

    Raises:
        OSError: it cannot be read.
    """
    longest = [len(s.data) for s in wanted.all] + [len(longer) for _, longer in wanted.shields]
    reach = max(longest) + _RIGHT
    left = _LEFT + max((start for start, _ in wanted.shields), default=0)
    data, origin, done, last = b"", 0, 0, -1
    while True:
        piece = stream.read(max(window, left + reach))
        data += piece
        # What begins behind this may be cut: it is looked at with the next piece.
        limit = len(data) if not piece else max(len(data) - reach, 0)
        for found in _found(data, wanted, origin, done - origin, limit, last - origin):
            done = last = found.end
            yield found
        if not piece:
            return
        done = max(done, origin + limit)
        drop = max(limit - left, 0)
        data, origin = data[drop:], origin + drop


def is_in_compiled(data: bytes, wanted: Spellings) -> bool:
    """Whether a path is in compiled Python.

    The byte before a string is its length there and looks like any letter, so only its end is checked.
    """
    folded = wanted.fold(data)
    return any(ends(data, found.end()) for found in wanted.pattern.finditer(folded))


def _found(
    data: bytes, wanted: Spellings, origin: int, position: int, limit: int, last: int
) -> Iterator[Occurrence]:
    """What begins from `position` on and before `limit`; the one before it ended at `last`."""
    folded = wanted.fold(data)
    if not any(needle in folded for needle in wanted.needles):
        return  # nearly always, in a large file
    while found := wanted.pattern.search(folded, position):
        start, end = found.span()
        if start >= limit:
            return
        if _stands(data, folded, start, end, wanted, last):
            yield Occurrence(origin + start, origin + end, wanted.forms[found[0]])
            position = last = end
        else:
            position = start + 1


def _stands(data: bytes, folded: bytes, start: int, end: int, wanted: Spellings, last: int) -> bool:
    """Whether the bytes around it leave it a path of its own."""
    for offset, longer in wanted.shields:
        begin = start - offset
        if begin >= 0 and folded.startswith(longer, begin) and ends(data, begin + len(longer)):
            return False
    return ends(data, end) and begins(data, start, last)


_NAME = r"\w+~@"
"""What a name goes on with, besides dots. Spaces and `=` `:` `,` are in names too, but mostly not."""
_LONGER = re.compile(rf"[{_NAME}.*)}}-]\Z")
"""What is before a path belongs to it: a name, or an expression in whose place a path will be."""
_APART = re.compile(
    r"""(?ix)
      (?: ^ | [^\w./\\~+%-] ) - (?: [a-z] | include | imacros | i(?:system|quote|dirafter|sysroot) ) \Z
    | (?: ^ | [\s"'=] ) / i \Z
    | (?: ^ | [\s"'=,;(] ) @ \Z
    | (?: ^ | [^\w./\\~+%*)}-] ) \. \Z
    | \\ [abfnrtv0] \Z
    | \$ [({]? (?: DESTDIR | \w*SYSROOT\w* | \w*BUILD_?ROOT | INSTALL_?ROOT ) [)}]? \Z
    | file://localhost \Z
    | % (?: 2[0-9a-e] | 3[a-f] | [0-1]. ) \Z
    """
)
"""What ends like a name and is none: an option, a response file, an escape, a root of a staged
installation, or `.`."""
_SCHEME = re.compile(r"(?:^|[^\w/])([a-z][a-z0-9+.-]+):\Z", re.IGNORECASE)
_LENGTH = re.compile("[\x00-\x08\x0e-\x1f\udc80-\udcff][ -~]\\Z")
"""A byte in front that is the length of what follows: pickles, MessagePack, strings of Pascal."""


def begins(data: bytes, start: int, last: int = -1) -> bool:
    """Whether a path at `start` is not the end of a longer one.

    Args:
        data: what it is in.
        start: where the path starts.
        last: where the path before it ends, which counts as a name whatever it ends with.
    """
    first = _text(data[start : start + 8])
    if first.startswith("file:"):
        return True
    low = max(start - _LEFT, 0)
    before = "x" + _text(data[last:start]) if last >= low else _text(data[low:start])
    if first[1:2] == ":":
        return not _LONGER.search(before) or bool(_APART.search(before))
    bare = before.rstrip("/")
    scheme = _SCHEME.search(bare)
    if scheme and len(before) - len(bare) == 1:
        return scheme[1].lower() == "file"  # else what looks like the first folder is a host
    return not _LONGER.search(bare) or bool(_APART.search(bare) or _LENGTH.search(before))


def ends(data: bytes, end: int) -> bool:
    """Whether the last name of a path that ends before `end` does not go on there."""
    after = _text(data[end : end + _RIGHT])
    if re.match(r"%[0-9A-Fa-f]{2}", after):
        after = chr(int(after[1:3], 16)).replace(" ", "_")
    elif after.startswith("\\ "):
        return False  # a space that is escaped for a shell
    after = after.lstrip(".")
    return not re.match(f"[{_NAME}-]", after) and not unicodedata.combining(after[:1] or " ")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
