r"""Find the path of an environment in its files, in any form in which real packages write it.

| Form | Example | Written by |
|---|---|---|
| `plain` | `/envs/e`, `C:\envs\e` | every program |
| `slashes` | `C:/envs/e` | conda's prefix replacement on Windows |
| `escaped` | `C:\\envs\\e` | strings of C, Python, TOML and JSON |
| `json` | `/envs/\u00ef` | JSON in ASCII |
| `url` | `file:///envs/%C3%AF%27` | Python, pip |
| `url browser` | `file:///envs/%C3%AF'` | uv, browsers (URL Standard) |

A path ends where a name ends: `/envs/e` is in `-I/envs/e/include` and `PATH=/a:/envs/e/bin`, but not
in `/envs/e2`, `/envs/e-old` or `/mnt/envs/e`. The rules are in docs/reference/portability.md.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import re
import unicodedata
import urllib.parse
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

from sealenv.layout import is_windows
from sealenv.seals.snapshot import FILE, LINK, Row, native
from sealenv.system.files import open_once

Data: TypeAlias = "bytes | mmap.mmap"
"""The bytes of a file. A large one is mapped into memory."""
_LARGE = 1 << 20
_STEP = 100
"""Files between two reports of progress."""
_LEFT, _RIGHT = 128, 16
"""Bytes on each side that decide whether the bytes between them are the path."""
_DRIVE = re.compile(r"([A-Za-z]):[\\/]")
_BROWSER = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '"#%<>?`{}^')
"""The characters that the URL Standard (WHATWG) does not escape in a path."""


def _is_windows_path(place: str) -> bool:
    return bool(_DRIVE.match(place)) or place.startswith("\\\\")


def _slashes(place: str) -> str:
    return place.replace("\\", "/") if _is_windows_path(place) else place


def _url(place: str, safe: str) -> str:
    path = _slashes(place)
    drive = path[:2] if _DRIVE.match(place) else ""
    quoted = urllib.parse.quote(path[len(drive) :], safe, "utf-8", "surrogateescape")
    if path.startswith("//"):  # the server is the host
        return f"file:{quoted}"
    return f"file:///{drive}{quoted}" if drive else f"file://{quoted}"


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda place: place,
    "slashes": _slashes,
    "escaped": lambda place: json.dumps(place, ensure_ascii=False)[1:-1],
    "json": lambda place: json.dumps(place)[1:-1],
    "url": lambda place: _url(place, "/"),
    "url browser": lambda place: _url(place, _BROWSER),
}
"""All forms. If two give the same bytes, the first one names both."""


def spell(place: str, form: str) -> bytes:
    """Write a path in a form."""
    return FORMS[form](place).encode("utf-8", "surrogateescape")


def absolute(place: str) -> str:
    """Return a path without a trailing separator, and with the separators of its platform.

    Raises:
        ValueError: it is not absolute, or has no name.
    """
    wide = _is_windows_path(place)
    stripped = place.rstrip("\\/" if wide else "/")
    if not (wide or stripped.startswith("/")) or (_DRIVE.match(place) and len(stripped) < 3):
        raise ValueError(f"not an absolute path of a folder: {place!r}")
    return stripped.replace("/", "\\") if wide else stripped


@dataclass(frozen=True)
class Paths:
    """Some paths, in all forms. Create it with `of`.

    Attributes:
        places: the paths, absolute, without a trailing separator.
        ignore_case: compare ASCII letters without case, as Windows does.
        forms: bytes -> the path and its form; in lower case if case is ignored.
        longer: bytes of a longer path that begins with one of them -> the length of that beginning.
            `/envs/e two` does not hold `/envs/e`.
    """

    places: tuple[str, ...]
    ignore_case: bool
    forms: dict[bytes, tuple[str, str]] = field(repr=False)
    longer: dict[bytes, int] = field(repr=False)

    @classmethod
    def of(cls, places: Iterable[str], platform: str, *, apart_from: str | None = None) -> Paths:
        r"""Return all forms of some paths.

        Args:
            places: absolute paths; bytes that are not UTF-8 are surrogates (`os.fsdecode`).
            platform: the subdir of the environment. On Windows case does not matter, and `/` equals
                `\` in a path with a drive or a server.
            apart_from: another path, which is not one of them even if it begins with one.

        Raises:
            ValueError: a path is not absolute, or has no name (`/`, `C:\`).
        """
        checked = tuple(dict.fromkeys(map(absolute, places)))
        ignore_case = is_windows(platform)

        def spelled(place: str, form: str) -> bytes:
            data = spell(place, form)
            return data.lower() if ignore_case else data

        forms: dict[bytes, tuple[str, str]] = {}
        for place in checked:
            for form in FORMS:
                forms.setdefault(spelled(place, form), (place, form))
        others = {spelled(absolute(apart_from), form) for form in FORMS} if apart_from else set()
        longer = {
            other: len(own)
            for other in others - forms.keys()
            for own in sorted(forms, key=len)
            if other.startswith(own)
        }
        return cls(checked, ignore_case, forms, longer)

    @cached_property
    def needles(self) -> list[bytes]:
        """The fewest bytes to search for first: each form contains at least one of them."""
        found: list[bytes] = []
        for data in sorted(self.forms, key=lambda data: (len(data), data)):
            if not any(known in data for known in found):
                found.append(data)
        return found

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        """Match any form, the longest first."""
        longest_first = sorted({*self.forms, *self.longer}, key=len, reverse=True)
        flags = re.IGNORECASE if self.ignore_case else 0
        return re.compile(b"|".join(map(re.escape, longest_first)), flags)

    def fold(self, data: bytes) -> bytes:
        """Return the bytes as they are compared."""
        return data.lower() if self.ignore_case else data


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
    """Return the files and links of a snapshot that hold one of the paths, sorted.

    `on_file` is called now and then with files done and files in all.

    Raises:
        OSError: one of them cannot be read.
    """
    found = []
    for number, (path, row) in enumerate(rows.items()):
        if number % _STEP == 0:
            on_file(number, len(rows))
        if row.kind == LINK:
            if next(occurrences(os.fsencode(link_text(prefix, path)), wanted), None):
                found.append(path)
        elif row.kind == FILE and row.size and not row.problem:
            with mapped(native(prefix, path)) as data:
                if next(search(path, data, wanted), None):
                    found.append(path)
    return sorted(found)


def search(path: str, data: Data, wanted: Paths) -> Iterator[Occurrence]:
    """Yield the paths in a file of any kind; quick if there is none."""
    if isinstance(data, bytes):
        folded = wanted.fold(data)
        may_hold = any(needle in folded for needle in wanted.needles)
    elif wanted.ignore_case:
        may_hold = wanted.pattern.search(data) is not None
    else:
        may_hold = any(data.find(needle) >= 0 for needle in wanted.needles)
    if may_hold:
        yield from (in_compiled if is_compiled(path, data[:4]) else occurrences)(data, wanted)


def link_text(prefix: Path, path: str) -> str:
    r"""Return the target of a link, without the `\\?\` of a junction."""
    return os.readlink(os.fsdecode(native(prefix, path))).removeprefix("\\\\?\\")


@contextlib.contextmanager
def mapped(name: str | bytes) -> Iterator[Data]:
    """Yield the bytes of a regular file, without reading a large one into memory.

    Raises:
        OSError: the file cannot be read, or is not a regular file.
    """
    fd, status = open_once(name)
    try:
        if status.st_size < _LARGE:
            yield os.read(fd, status.st_size + 1)
        else:
            with mmap.mmap(fd, 0, access=mmap.ACCESS_READ) as data:
                yield data
    finally:
        os.close(fd)


def is_compiled(path: str, head: bytes) -> bool:
    """Return whether a file is compiled Python, by its name and its first four bytes."""
    return path.endswith((".pyc", ".pyo")) and head[2:4] == b"\r\n"


def in_compiled(data: Data, wanted: Paths) -> Iterator[Occurrence]:
    """Yield the paths in compiled Python.

    The byte before a string is its length and may look like a letter, so only the end is checked.
    """
    for found in wanted.pattern.finditer(data):
        form = wanted.forms.get(wanted.fold(found[0]))
        if form and _ends(data, found.end()):
            yield Occurrence(*found.span(), *form)


def occurrences(data: Data, wanted: Paths) -> Iterator[Occurrence]:
    """Yield every occurrence from left to right. None overlaps another; the longest form counts."""
    position, last = 0, -1
    while found := wanted.pattern.search(data, position):
        start, end = found.span()
        text = wanted.fold(found[0])
        if text in wanted.longer:
            if _ends(data, end):
                position = end
                continue
            text = text[: wanted.longer[text]]
            end = start + len(text)
        if _ends(data, end) and _begins(data, start, last):
            yield Occurrence(start, end, *wanted.forms[text])
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


def _begins(data: Data, start: int, last: int) -> bool:
    """Return whether a path at `start` is not the end of a longer one.

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


def _ends(data: Data, end: int) -> bool:
    """Return whether the last name of a path does not continue at `end`."""
    after = _text(data[end : end + _RIGHT])
    if re.match(r"%[0-9A-Fa-f]{2}", after):
        after = chr(int(after[1:3], 16)).replace(" ", "_")
    elif after.startswith("\\ "):
        return False  # a space that is escaped for a shell
    after = after.lstrip(".")
    return not re.match(f"[{_NAME}-]", after) and not unicodedata.combining(after[:1] or " ")


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")
