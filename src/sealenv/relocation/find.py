r"""Find the files of an environment that hold its path, in any of its forms.

A path ends where a name ends: `/envs/e` is in `-I/envs/e/include` and `PATH=/a:/envs/e/bin`, but not
in `/envs/e2`, `/envs/e-old` or `/mnt/envs/e`. The rules are in docs/reference/portability.md.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sealenv.relocation.forms import Paths
from sealenv.seals.snapshot import FILE, LINK, Row, native
from sealenv.system.files import open_once

__all__ = [
    "Occurrence",
    "Search",
    "find",
    "in_compiled",
    "is_compiled",
    "link_text",
    "occurrences",
    "occurrences_in",
]

_WINDOW = 4 << 20
"""Bytes that are searched at once; memory use is a few times that."""
_STEP = 100
"""Files between two reports of progress."""
_LEFT = 128
_RIGHT = 16
"""Bytes on each side that decide whether the bytes between them are the path."""
_BLANK = bytes(1 << 12)


class Occurrence(NamedTuple):
    """A path in bytes, from `start` up to `end`, and the form in which it is written."""

    start: int
    end: int
    place: str
    form: str


def find(
    prefix: Path,
    rows: Mapping[str, Row],
    wanted: Paths,
    on_file: Callable[[int, int], None] = lambda done, total: None,
) -> list[str]:
    """Return the files and links that hold one of the paths, sorted.

    Args:
        prefix: the prefix.
        rows: its snapshot.
        wanted: the paths.
        on_file: called now and then with files done and files in all.

    Raises:
        OSError: one of them cannot be read.
    """
    search = Search(wanted)
    found = []
    for number, (path, row) in enumerate(rows.items()):
        if number % _STEP == 0:
            on_file(number, len(rows))
        if row.kind == LINK:
            if next(occurrences(os.fsencode(link_text(prefix, path)), wanted), None):
                found.append(path)
        elif row.kind != FILE or not row.size or row.problem:
            continue
        elif search.hits(native(prefix, path)) and _holds(prefix, path, wanted):
            found.append(path)
    return sorted(found)


def link_text(prefix: Path, path: str) -> str:
    r"""Return the target of a link, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


def _holds(prefix: Path, path: str, wanted: Paths) -> bool:
    with open(native(prefix, path), "rb") as file:
        if is_compiled(path, file.read(4)):
            file.seek(0)
            return next(in_compiled(file.read(), wanted), None) is not None
        file.seek(0)
        return next(occurrences_in(file, wanted), None) is not None


class Search:
    """A fast first search for some paths, in one file after the other."""

    def __init__(self, wanted: Paths) -> None:
        self._needles, self._fold = wanted.needles, wanted.fold
        self._overlap = max([*map(len, self._needles), 1]) - 1

    def hits(self, path: str | bytes) -> bool:
        """Tell whether a regular file may hold one of them. It is read in windows of 4 MiB.

        Raises:
            OSError: the file cannot be read, or is not a regular file.
        """
        fd, status = open_once(path)
        try:
            size = min(status.st_size + 1, _WINDOW)
            data = b""
            while True:
                piece = os.read(fd, size)
                data = data[max(len(data) - self._overlap, 0) :] + piece
                if self._are_in(data):
                    return True
                if len(piece) < size:
                    return False
        finally:
            os.close(fd)

    def _are_in(self, data: bytes) -> bool:
        if data.startswith(_BLANK) and data == bytes(len(data)):
            return False  # a long run of NULs is slow to search
        folded = self._fold(data)
        return any(needle in folded for needle in self._needles)


def occurrences(data: bytes, wanted: Paths) -> Iterator[Occurrence]:
    """Yield every occurrence from left to right. None overlaps another; the longest form counts."""
    return _found(data, wanted, 0, 0, len(data), -1)


def occurrences_in(
    stream: BinaryIO, wanted: Paths, *, window: int = _WINDOW
) -> Iterator[Occurrence]:
    """Yield every occurrence in a stream of any length, read in windows from its current position.

    Raises:
        OSError: it cannot be read.
    """
    reach = max(map(len, [*wanted.forms, *wanted.longer])) + _RIGHT
    data, origin, done, last = b"", 0, 0, -1
    while True:
        piece = stream.read(max(window, _LEFT + reach))
        data += piece
        # A path that begins after this may be cut: it is searched for with the next piece.
        limit = len(data) if not piece else max(len(data) - reach, 0)
        for found in _found(data, wanted, origin, done - origin, limit, last - origin):
            done = last = found.end
            yield found
        if not piece:
            return
        done = max(done, origin + limit)
        drop = max(limit - _LEFT, 0)
        data, origin = data[drop:], origin + drop


def is_compiled(path: str, head: bytes) -> bool:
    """Tell whether a file is compiled Python, by its name and its first four bytes."""
    return path.endswith((".pyc", ".pyo")) and head[2:4] == b"\r\n"


def in_compiled(data: bytes, wanted: Paths) -> Iterator[Occurrence]:
    """Yield the paths in compiled Python.

    The byte before a string is its length and may look like a letter, so only the end is checked.
    """
    for found in wanted.pattern.finditer(wanted.fold(data)):
        if found[0] in wanted.forms and _ends(data, found.end()):
            yield Occurrence(*found.span(), *wanted.forms[found[0]])


def _found(
    data: bytes, wanted: Paths, origin: int, position: int, limit: int, last: int
) -> Iterator[Occurrence]:
    """Yield the paths that begin between `position` and `limit`; the previous one ended at `last`."""
    folded = wanted.fold(data)
    if not any(needle in folded for needle in wanted.needles):
        return
    while found := wanted.pattern.search(folded, position):
        start, end = found.span()
        if start >= limit:
            return
        if found[0] in wanted.longer:
            if _ends(data, end):
                position = end
                continue
            end = start + wanted.longer[found[0]]
        if _ends(data, end) and _begins(data, start, last):
            yield Occurrence(origin + start, origin + end, *wanted.forms[folded[start:end]])
            position = last = end
        else:
            position = start + 1


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
