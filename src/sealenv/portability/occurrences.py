r"""Where a path is in bytes, in any of its forms.

A path ends where a name ends: `/envs/e` is in `-I/envs/e/include` and `PATH=/a:/envs/e/bin`, and is not
in `/envs/e2`, `/envs/e-old` or `/mnt/envs/e`. The rules are in docs/reference/portability.md.
Whatever is read may be bigger than memory: `occurrences_in` goes through it by windows.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from sealenv.portability.spellings import Spelling, Spellings
from sealenv.system.reader import is_blank

__all__ = ["Occurrence", "begins", "ends", "occurrences", "occurrences_in"]

WINDOW = 4 << 20
"""Bytes that are looked at together; memory is a few times that."""
_LEFT = 128
_RIGHT = 16
"""Bytes around an occurrence that decide whether it is one."""


@dataclass(frozen=True, order=True)
class Occurrence:
    """A path from `start` to before `end`.

    Attributes:
        start: offset in bytes, of the file or the bytes that were given.
        end: likewise.
        spelling: how it is written.
    """

    start: int
    end: int
    spelling: Spelling

    @property
    def form(self) -> str:
        """The name of its form."""
        return self.spelling.form.name


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
    reach = max((len(s.data) for s in wanted.all), default=0) + _RIGHT
    keep = _LEFT + reach
    data, origin, done, last = b"", 0, 0, -1
    while True:
        piece = stream.read(max(window, keep))
        data += piece
        # What begins behind this may be cut: it is looked at with the next piece.
        limit = len(data) if not piece else max(len(data) - reach, 0)
        for found in _found(data, wanted, origin, done - origin, limit, last - origin):
            done = last = found.end
            yield found
        if not piece:
            return
        done = max(done, origin + limit)
        drop = max(limit - _LEFT, 0)
        data, origin = data[drop:], origin + drop


def _found(
    data: bytes, wanted: Spellings, origin: int, position: int, limit: int, last: int
) -> Iterator[Occurrence]:
    """What begins from `position` on and before `limit`; the one before it ended at `last`."""
    if is_blank(data):
        return
    folded = data.lower() if wanted.ignore_case else data
    if not any(anchor in folded for anchor in wanted.anchors):
        return  # nearly always, in what is large
    anchored = _anchored(wanted)
    ahead = {anchor: folded.find(anchor, position) for anchor in anchored}
    while hits := {anchor: hit for anchor, hit in ahead.items() if hit >= 0}:
        anchor, hit = min(hits.items(), key=lambda item: item[1])
        found = [
            Occurrence(hit - offset, hit - offset + len(spelling.data), spelling)
            for offset, spelling in anchored[anchor]
            if position <= hit - offset < limit and folded.startswith(spelling.data, hit - offset)
        ]
        best = min(
            (o for o in _aligned(found, origin) if _stands(data, o, last)),
            key=lambda o: (o.start, -o.end, not data.startswith(o.spelling.exact, o.start)),
            default=None,
        )
        if best:
            yield Occurrence(origin + best.start, origin + best.end, best.spelling)
            position = last = best.end
        for other, place in hits.items():
            start = max(position, hit + 1)
            if place < start:
                ahead[other] = folded.find(other, start)


def _anchored(wanted: Spellings) -> dict[bytes, list[tuple[int, Spelling]]]:
    """Each needle, with the spellings that it stands in and where in them it first does."""
    found: dict[bytes, list[tuple[int, Spelling]]] = {}
    for spelling in wanted.all:
        anchor = next(n for n in wanted.needles if n in spelling.data)
        found.setdefault(anchor, []).append((spelling.data.find(anchor), spelling))
    return found


def _aligned(found: list[Occurrence], origin: int) -> list[Occurrence]:
    """In the midst of ASCII, UTF-16 of one byte order is also the other's, a byte further on.

    What starts at an even offset counts then.
    """
    even = {o.start for o in found if o.spelling.form.unit == 2 and (origin + o.start) % 2 == 0}
    return [o for o in found if o.spelling.form.unit == 1 or o.start in even or not even]


def _stands(data: bytes, found: Occurrence, last: int) -> bool:
    """Whether what is around it leaves it a path of its own."""
    encoding = found.spelling.form.encoding
    if encoding == "utf-8" and _plainly(data, found, last):
        return True
    return ends(data, found.end, encoding) and begins(data, found.start, encoding, last)


_BEFORE = frozenset(b"\n\r\t \"'=,;<>[(|`!#&$")
_BEHIND = frozenset(b"/\n\r\t \"'=,;:<>])|`!#&$\0")


def _plainly(data: bytes, found: Occurrence, last: int) -> bool:
    """Whether the ASCII around it alone shows that it is a path: most are told by this, and fast.

    `begins` and `ends` say the same of it (tests/portability/test_occurrences.py).
    """
    return (
        0 < found.start > last
        and data[found.start - 1] in _BEFORE
        and (found.end >= len(data) or data[found.end] in _BEHIND)
    )


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


def begins(data: bytes, start: int, encoding: str = "utf-8", last: int = -1) -> bool:
    """Whether a path at `start` is not the end of a longer one.

    Args:
        data: what it is in.
        start: where the path starts.
        encoding: UTF-8 if nothing else is said.
        last: where the path before it ends, which counts as a name whatever it ends with.
    """
    first = _text(data[start : start + 8], encoding)
    if first.startswith(("file:", "\\\\?\\")):
        return True
    unit = 2 if encoding.startswith("utf-16") else 1
    low = max(start - _LEFT, start % unit)
    before = (
        "x" + _text(data[last:start], encoding) if last >= low else _text(data[low:start], encoding)
    )
    if first[1:2] == ":":
        return not _LONGER.search(before) or bool(_APART.search(before))
    bare = before.rstrip("/")
    scheme = _SCHEME.search(bare)
    if scheme and len(before) - len(bare) == 1:
        return scheme[1].lower() == "file"  # else what looks like the first folder is a host
    return not _LONGER.search(bare) or bool(_APART.search(bare) or _LENGTH.search(before))


def ends(data: bytes, end: int, encoding: str = "utf-8") -> bool:
    """Whether the last name of a path that ends before `end` does not go on there."""
    after = _text(data[end : end + _RIGHT], encoding)
    if re.match(r"%[0-9A-Fa-f]{2}", after):
        after = chr(int(after[1:3], 16)).replace(" ", "_")
    elif after.startswith("\\ "):
        return False  # a space that is escaped for a shell
    after = after.lstrip(".")
    return not re.match(f"[{_NAME}-]", after) and not unicodedata.combining(after[:1] or " ")


def _text(data: bytes, encoding: str) -> str:
    return data.decode(encoding, "surrogateescape" if encoding == "utf-8" else "replace")
