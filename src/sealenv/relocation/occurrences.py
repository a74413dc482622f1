r"""Find a path in bytes, in any of its forms.

A path ends where a name ends: `/envs/e` is in `-I/envs/e/include` and `PATH=/a:/envs/e/bin`, but not
in `/envs/e2`, `/envs/e-old` or `/mnt/envs/e`. The rules are in docs/reference/portability.md.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from sealenv.relocation.spellings import Spellings

__all__ = ["Occurrence", "is_blank", "is_in_compiled", "occurrences", "occurrences_in"]

_WINDOW = 4 << 20
"""Bytes that are searched at once; memory use is a few times that."""
_LEFT = 128
_RIGHT = 16
"""Bytes on each side that decide whether the bytes between them are the path."""
_BLANK = bytes(1 << 12)


class Occurrence(NamedTuple):
    """One path in bytes, from `start` up to `end`, and its form."""

    start: int
    end: int
    form: str


def is_blank(data: bytes) -> bool:
    """Tell whether the data is a long run of NULs, which are slow to search for paths."""
    return data.startswith(_BLANK) and data == bytes(len(data))


def occurrences(data: bytes, wanted: Spellings) -> Iterator[Occurrence]:
    """Yield every occurrence from left to right. None overlaps another; the longest form counts."""
    return _found(data, wanted, 0, 0, len(data), -1)


def occurrences_in(
    stream: BinaryIO, wanted: Spellings, *, window: int = _WINDOW
) -> Iterator[Occurrence]:
    """Yield every occurrence in a stream of any length, read in windows from its current position.

    Raises:
        OSError: it cannot be read.
    """
    longest = [*map(len, wanted.forms), *(len(longer) for _, longer in wanted.shields)]
    reach = max(longest) + _RIGHT
    left = _LEFT + max((start for start, _ in wanted.shields), default=0)
    data, origin, done, last = b"", 0, 0, -1
    while True:
        piece = stream.read(max(window, left + reach))
        data += piece
        # A path that begins after this may be cut: it is searched for with the next piece.
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
    """Tell whether compiled Python holds a path.

    The byte before a string is its length and may look like a letter, so only the end is checked.
    """
    folded = wanted.fold(data)
    return any(_ends(data, found.end()) for found in wanted.pattern.finditer(folded))


def _found(
    data: bytes, wanted: Spellings, origin: int, position: int, limit: int, last: int
) -> Iterator[Occurrence]:
    """Yield the paths that begin between `position` and `limit`; the previous one ended at `last`."""
    folded = wanted.fold(data)
    if not any(needle in folded for needle in wanted.needles):
        return
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
    """Tell whether the bytes on both sides are not part of the path."""
    for offset, longer in wanted.shields:
        begin = start - offset
        if begin >= 0 and folded.startswith(longer, begin) and _ends(data, begin + len(longer)):
            return False
    return _ends(data, end) and _begins(data, start, last)


_NAME = r"\w+~@"
"""The characters that continue a name. Spaces and `=` `:` `,` may be in names, but seldom are."""
_LONGER = re.compile(rf"[{_NAME}.*)}}-]\Z")
"""The end of a name, or of an expression that expands to one: the path begins before it."""
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
"""Text that ends like a name but is not one: an option, a response file, an escape, the root of a
staged installation, or `.`."""
_SCHEME = re.compile(r"(?:^|[^\w/])([a-z][a-z0-9+.-]+):\Z", re.IGNORECASE)
_LENGTH = re.compile("[\x00-\x08\x0e-\x1f\udc80-\udcff][ -~]\\Z")
"""A byte that holds the length of the string after it: pickles, MessagePack, Pascal strings."""


def _begins(data: bytes, start: int, last: int = -1) -> bool:
    """Tell whether a path at `start` is not the end of a longer one.

    The path before it ends at `last`. It counts as a name, whatever its last character is.
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
        return scheme[1].lower() == "file"  # in other URLs the first name is a host
    return not _LONGER.search(bare) or bool(_APART.search(bare) or _LENGTH.search(before))


def _ends(data: bytes, end: int) -> bool:
    """Tell whether the last name of a path does not continue at `end`."""
    after = _text(data[end : end + _RIGHT])
    if re.match(r"%[0-9A-Fa-f]{2}", after):
        after = chr(int(after[1:3], 16)).replace(" ", "_")
    elif after.startswith("\\ "):
        return False  # a space that is escaped for a shell
    after = after.lstrip(".")
    return not re.match(f"[{_NAME}-]", after) and not unicodedata.combining(after[:1] or " ")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
