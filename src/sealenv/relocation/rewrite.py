r"""Decide how a file of any kind gets the new path of its environment.

- Text: each occurrence becomes the new path in the same form.
- Programs keep their length. A shorter string is padded with NULs. A longer one needs NULs that are
  known to be free: the record of the package names its `prefix_placeholder`, so each path in a string
  had room for that many bytes (conda, `core/portability.py`, `binary_replace`).
- Compiled Python is deleted: Python writes it again.
- Other data is not changed: it may hold lengths and checksums of its strings.

The first line of a script is limited: Linux reads 127 bytes and macOS 512, and neither allows a space
in the path. Beyond that, pip writes lines that are both sh and Python (distlib, scripts.py,
`_build_shebang`), and conda and rattler let `/usr/bin/env` find other interpreters.

Launchers are a `#!` line and a zip, on Windows behind a program:

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- those of `zipapp`, pex and shiv: `#!` line, zip. Python reads a zip from its end.
- uv's (`uv-trampoline`) keep the path behind the program or in its resources: uv creates them again.
- conda's entry points hold no path; the `-script.py` beside them does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sealenv.layout import is_windows
from sealenv.relocation.find import (
    FORMS,
    Data,
    Occurrence,
    Paths,
    absolute,
    in_compiled,
    is_compiled,
    occurrences,
    spell,
)
from sealenv.relocation.owners import Owner

_NO_OWNER = Owner()
_MACHO = (
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xca\xfe\xba\xbf",
)
_MAGIC = (b"\x7fELF", b"MZ", b"!<arch>\n", b"BC\xc0\xde", b"\0asm", *_MACHO)
"""ELF, Mach-O, PE, object files and static libraries: their strings end with a NUL."""
_HEAD = 8192
"""How many bytes from the start of a file are searched for a first line."""
_LINE = re.compile(rb"#![ \t]*([^\r\n]*)(\n?)")
_TWO_LINES = re.compile(
    rb"#!/bin/sh\n'''exec' (?:\"([^\"\n]+)\"|([^ \"\n]+))([^\n]*) \"\$0\" \"\$@\"\n' '''\n"
)
_PYTHON = re.compile(rb"(?:python|pypy)[\w.]*")
_EXE = re.compile(rb"#![ \t]*(\"?)([^\"\r\n]*?\.exe)\1(?=[ \t\r\n]|$)", re.IGNORECASE)
_UV_AGAIN = "it is a launcher of uv; `uv pip install --reinstall PACKAGE` makes it again"
_PIP_AGAIN = (
    "it is a launcher of an unknown kind; `python -m pip install --force-reinstall --no-deps PACKAGE` "
    "makes it again"
)
LINE = re.compile(rb"#![^\n]*\n(?:'''exec'[^\n]*\n(?:' '''\n)?)?(?=PK\x03\x04)")
_OF_UV = (b"UVSC", b"UVPY")
_RESOURCE_OF_UV = "UV_PYTHON_PATH".encode("utf-16-le")
_LARGEST = 16 << 20
"""Launchers have less than one million bytes."""
_END = b"PK\x05\x06"
_END_SIZE = 22


class Edit(NamedTuple):
    """Replace the bytes from `start` up to `end` by `data`."""

    start: int
    end: int
    data: bytes


class RefusedError(Exception):
    """A file cannot hold the new path.

    Attributes:
        what: why, as half a sentence.
        over: how many bytes the new path is too long for a binary; 0 for other reasons.
    """

    def __init__(self, what: str, over: int = 0) -> None:
        super().__init__(what)
        self.what, self.over = what, over


@dataclass(frozen=True)
class Change:
    """The paths that are searched for, and the one to write. Create it with `between`.

    Attributes:
        old: the paths to replace; not where one is the beginning of the new one.
        new: the path to write.
        platform: the subdir of the environment.
    """

    old: Paths
    new: str
    platform: str

    @classmethod
    def between(cls, old: str | Iterable[str], new: str, platform: str) -> Change:
        """Make a change from absolute paths to another one.

        Raises:
            ValueError: one of them is not the path of a folder.
        """
        olds = [old] if isinstance(old, str) else old
        return cls(Paths.of(olds, platform, apart_from=new), absolute(new), platform)

    @cached_property
    def _written(self) -> dict[str, bytes]:
        return {form: spell(self.new, form) for form in FORMS}

    def edit(self, found: Occurrence) -> Edit:
        """Return the edit that replaces an occurrence by the new path in the same form."""
        return Edit(found.start, found.end, self._written[found.form])

    def edits(self, data: Data) -> list[Edit]:
        """Return the edits that replace every occurrence."""
        return [self.edit(found) for found in occurrences(data, self.old)]

    def apply(self, data: bytes) -> bytes:
        """Replace every occurrence."""
        return Rewriting(self.edits(data)).apply(data)


@dataclass(frozen=True)
class Rewriting:
    """How a file gets the new path.

    Attributes:
        edits: in order, none overlapping.
        delete: delete the file: it is compiled Python, which Python writes again.
        unsigned: the edits break the signature of a macOS program.
    """

    edits: list[Edit] = field(default_factory=list)
    delete: bool = False
    unsigned: bool = False

    @property
    def needed(self) -> bool:
        """Whether the file changes."""
        return bool(self.edits) or self.delete

    def apply(self, data: Data) -> bytes:
        """Return the new bytes of the file."""
        pieces = []
        position = 0
        for start, end, new in self.edits:
            pieces += [data[position:start], new]
            position = end
        return b"".join([*pieces, data[position:]])


def rewrite(path: str, data: Data, change: Change, owner: Owner = _NO_OWNER) -> Rewriting:
    """Decide how a file gets the new path. A file that was rewritten needs no change.

    Raises:
        RefusedError: the file cannot hold the new path.
    """
    head = data[:16]
    if is_compiled(path, head):
        return Rewriting(delete=next(in_compiled(data, change.old), None) is not None)
    if _is_launcher(path, data):
        return Rewriting(_launcher_edits(data, change))
    if owner.file_mode == "text" or (owner.file_mode is None and data.find(b"\0") < 0):
        return Rewriting(_text_edits(data, change))
    if owner.file_mode == "binary" or head.startswith(_MAGIC):
        edits = _program_edits(data, change, owner.room)
        return Rewriting(edits, unsigned=bool(edits) and head.startswith(_MACHO))
    if next(occurrences(data, change.old), None):
        raise RefusedError("it is data of a format whose strings cannot be changed safely")
    return Rewriting()


def _text_edits(data: Data, change: Change) -> list[Edit]:
    line = _first_line(data, change)
    edits = change.edits(data)
    return [line, *(edit for edit in edits if edit.start >= line.end)] if line else edits


def _program_edits(data: Data, change: Change, placeholder: int) -> list[Edit]:
    """Edit each string of a program that holds the path; `placeholder` is the room for one path."""
    strings: dict[int, list[Occurrence]] = {}
    end = 0
    for found in occurrences(data, change.old):
        if found.start >= end:
            end = data.find(b"\0", found.end)
            end = len(data) if end < 0 else end
        strings.setdefault(end, []).append(found)
    return [_string_edit(data, found, end, change, placeholder) for end, found in strings.items()]


def _string_edit(
    data: Data, string: list[Occurrence], end: int, change: Change, placeholder: int
) -> Edit:
    """Edit one string, from the first path in it to its end."""
    start = string[0].start
    edits = [Edit(old - start, stop - start, new) for old, stop, new in map(change.edit, string)]
    after = Rewriting(edits).apply(data[start:end])
    growth = len(after) - (end - start)
    if growth > 0:
        promised = sum(max(placeholder - (o.end - o.start), 0) for o in string)
        behind = data[end : end + growth + 2]
        nuls = len(behind) - len(behind.lstrip(b"\0"))
        free = min(promised, max(nuls - 1, 0))
        if growth > free:
            raise RefusedError(
                f"at offset {start} there is room for {end - start + free} bytes, "
                f"and {len(after)} are needed",
                growth - free,
            )
    return Edit(start, end + max(growth, 0), after + bytes(max(-growth, 0)))


def longest_shebang(platform: str) -> int:
    """Return how many bytes a first line may have, including `#!`, without the line end."""
    return 127 if platform.startswith("linux-") else 512


def _first_line(data: Data, change: Change) -> Edit | None:
    """Return the edit of the first line of a script (pip may write three); None if it needs none."""
    head = data[:_HEAD]
    if not head.startswith(b"#!"):
        return None
    if is_windows(change.platform):
        return _windows(head, change)
    return _posix(head, change)


def _posix(head: bytes, change: Change) -> Edit | None:
    two = _TWO_LINES.match(head)
    found = two or _LINE.match(head)
    if not found:
        return None
    text = (two[1] or two[2]) + two[3] if two else found[1]
    olds = [place.encode("utf-8", "surrogateescape") for place in change.old.places]
    old = next((old for old in olds if text.startswith(old + b"/")), None)
    if old is None:
        return None
    below, space, rest = text[len(old) :].partition(b" ")
    program = change.new.encode("utf-8", "surrogateescape") + below
    options = change.apply(space + rest)
    # Two lines stay if the old path did not need them either.
    needless = two and _fits(old + below, space + rest, change.platform)
    if _fits(program, options, change.platform) and not needless:
        before, end = (b"#!", b"\n") if two else (found[0][: found.start(1)], found[2])
        return Edit(0, found.end(), before + program + options + end)
    name = program.rpartition(b"/")[2]
    if two or _PYTHON.fullmatch(name):
        quoted = bool(two and two[1])
        return Edit(0, found.end(), _two_lines(program, options, quoted=quoted))
    return Edit(0, found.end(), b"#!/usr/bin/env " + name + options + found[2])


def _two_lines(interpreter: bytes, options: bytes, *, quoted: bool) -> bytes:
    if quoted or b" " in interpreter:
        interpreter = b'"' + interpreter + b'"'
    return b"#!/bin/sh\n'''exec' " + interpreter + options + b' "$0" "$@"' + b"\n' '''\n"


def _fits(interpreter: bytes, options: bytes, platform: str) -> bool:
    if b" " in interpreter or b"\t" in interpreter:
        return False
    return len(b"#!" + interpreter + options) <= longest_shebang(platform)


def _windows(head: bytes, change: Change) -> Edit | None:
    """Edit the line for a launcher, which needs quotes around a path with a space."""
    found = _EXE.match(head)
    if not found:
        return None
    program = change.apply(found[2])
    if program == found[2]:
        return None
    quote = found[1]
    if b" " in program:
        quote = b'"'
    elif b" " in found[2]:
        quote = b""
    return Edit(0, found.end(), b"#!" + quote + program + quote)


def _is_launcher(path: str, data: Data) -> bool:
    """Return whether a file is a program that names its interpreter, or a zip behind a first line."""
    if len(data) > _LARGEST:
        return False
    if data[:2] == b"#!":
        return bool(LINE.match(data)) and data.find(_END) >= 0
    if data[:2] != b"MZ" or not path.lower().endswith(".exe"):
        return False
    return data[-4:] in _OF_UV or data.find(_END) >= 0 or data.find(_RESOURCE_OF_UV) >= 0


def _launcher_edits(data: Data, change: Change) -> list[Edit]:
    """Return the edits of a launcher.

    Raises:
        RefusedError: it holds the path where the path cannot be replaced.
    """
    if not next(occurrences(data, change.old), None):
        return []
    if data[-4:] in _OF_UV or data.find(_RESOURCE_OF_UV) >= 0:
        raise RefusedError(_UV_AGAIN)
    edits = _interpreter_line(data, change)
    if next(occurrences(Rewriting(edits).apply(data), change.old), None):
        raise RefusedError(_PIP_AGAIN)
    return edits


def _interpreter_line(data: Data, change: Change) -> list[Edit]:
    """Edit the line before the archive.

    Python reads an archive whose offsets are too small for what is before it, but not one whose
    offsets are too large. If the line gets that short, spaces fill it, which the kernel removes.
    """
    end = data.rfind(_END)
    line = LINE.search(data)
    found = _first_line(line[0], change) if line else None
    if not line or not found or not 0 <= end <= len(data) - _END_SIZE:
        return []
    offset = int.from_bytes(data[end + 16 : end + 20], "little")
    directory = end - int.from_bytes(data[end + 12 : end + 16], "little")
    text = found.data.rstrip(b"\n")
    growth = len(found.data) - (found.end - found.start)
    padding = b" " * max(offset - directory - growth, 0)
    new = text + padding + found.data[len(text) :]
    return [Edit(line.start() + found.start, line.start() + found.end, new)]
