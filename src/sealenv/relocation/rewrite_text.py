r"""Rewrite texts: each occurrence becomes the new path in the same form.

The first line of a script is limited: Linux reads 127 bytes and macOS 512, and neither allows a space
in the path. Beyond that, pip writes lines that are both sh and Python (distlib, scripts.py,
`_build_shebang`), and conda and rattler let `/usr/bin/env` find other interpreters (conda,
`core/portability.py`; rattler, `install/link.rs`).
"""

from __future__ import annotations

import re
from typing import BinaryIO

from sealenv.layout import is_windows
from sealenv.relocation.edits import Change, Edit
from sealenv.relocation.occurrences import occurrences_in

__all__ = ["HEAD", "first_line", "longest_shebang", "text_edits"]

HEAD = 8192
"""How many bytes from the start of a file are searched for a first line."""
_LINE = re.compile(rb"#![ \t]*([^\r\n]*)")
_TWO_LINES = re.compile(
    rb"#!/bin/sh\n'''exec' (?:\"([^\"\n]+)\"|([^ \"\n]+))([^\n]*) \"\$0\" \"\$@\"\n' '''\n"
)
_PYTHON = re.compile(rb"(?:python|pypy)[\w.]*")
_EXE = re.compile(rb"#![ \t]*(\"?)([^\"\r\n]*?\.exe)\1(?=[ \t\r\n]|$)", re.IGNORECASE)


def text_edits(stream: BinaryIO, change: Change) -> list[Edit]:
    """Return the edits of a text in a stream that supports seeking.

    Raises:
        OSError: the file cannot be read.
    """
    stream.seek(0)
    line = first_line(stream.read(HEAD), change)
    edits = [line] if line else []
    behind = line.end if line else 0
    stream.seek(0)
    edits += [
        Edit(found.start, found.end, change.written(found))
        for found in occurrences_in(stream, change.old)
        if found.start >= behind
    ]
    return edits


def longest_shebang(platform: str) -> int:
    """Return how many bytes a first line may have, including `#!`, without the line end."""
    return 127 if platform.startswith("linux-") else 512


def first_line(head: bytes, change: Change) -> Edit | None:
    """Return the edit of the first line of a script (pip may write three); None if it needs none."""
    if not head.startswith(b"#!"):
        return None
    if is_windows(change.platform):
        return _windows(head, change)
    found = _TWO_LINES.match(head)
    if found:
        return _two_lines_edit(found, change)
    return _posix(head, change)


def _posix(head: bytes, change: Change) -> Edit | None:
    found = _LINE.match(head)
    place = _place(found[1], change) if found else None
    if not found or place is None:
        return None
    interpreter, space, options = found[1][len(place[0]) :].partition(b" ")
    interpreter = place[1] + interpreter
    options = change.apply(space + options)
    if _fits(interpreter, options, change.platform):
        return Edit(0, found.end(), found[0][: found.start(1)] + interpreter + options)
    name = interpreter.rpartition(b"/")[2]
    if _PYTHON.fullmatch(name):
        end = found.end() + (head[found.end() : found.end() + 1] == b"\n")
        return Edit(0, end, _two_lines(interpreter, options))
    return Edit(0, found.end(), b"#!/usr/bin/env " + name + options)


def _two_lines_edit(found: re.Match[bytes], change: Change) -> Edit | None:
    """Edit lines of sh and Python; they become one line if the new path fits there."""
    before = found[1] or found[2]
    place = _place(before, change)
    if place is None:
        return None
    interpreter = place[1] + before[len(place[0]) :]
    options = change.apply(found[3])
    if _fits(before, found[3], change.platform) or not _fits(interpreter, options, change.platform):
        # They stay if the old path did not need them either.
        return Edit(0, found.end(), _two_lines(interpreter, options, bool(found[1])))
    return Edit(0, found.end(), b"#!" + interpreter + options + b"\n")


def _two_lines(interpreter: bytes, options: bytes, quoted: bool = False) -> bytes:
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


def _place(path: bytes, change: Change) -> tuple[bytes, bytes] | None:
    """Return the old path and the new one if the interpreter is below the old one."""
    old, new = (p.encode("utf-8", "surrogateescape") for p in (change.old.place, change.new))
    return (old, new) if path.startswith(old + b"/") else None
