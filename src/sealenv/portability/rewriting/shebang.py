r"""The first line of a script, which a kernel or a launcher reads, and which may not be too long.

Linux takes 127 bytes and macOS 512, and no space in the path. Beyond that pip writes two lines that
are both sh and Python (distlib, scripts.py, `_build_shebang`), and conda and rattler let
`/usr/bin/env` look for what is no Python (conda, `core/portability.py`; rattler, `install/link.rs`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sealenv.layout import is_windows
from sealenv.portability.rewriting.change import Change
from sealenv.portability.rewriting.edits import Edit

__all__ = ["HEAD", "FirstLine", "first_line", "longest_shebang"]

HEAD = 8192
"""Bytes from the start that are looked at."""


@dataclass(frozen=True)
class FirstLine:
    """What becomes of it; `lossy` if the path is no longer in it."""

    edit: Edit
    lossy: bool = False


_LINE = re.compile(rb"#![ \t]*([^\r\n]*)")
_EXEC = rb"#!/bin/sh\n'''exec' (?:\"([^\"\n]+)\"|([^ \"\n]+))([^\n]*) \"\$0\" \"\$@\""
_PIPS, _LINKERS = re.compile(_EXEC + rb"\n' '''\n"), re.compile(_EXEC + rb" #'''\n")
_PYTHON = re.compile(rb"(?:python|pypy)[\w.]*")


def longest_shebang(platform: str) -> int:
    """Bytes of a first line, `#!` among them, the line's end not."""
    return 127 if platform.startswith("linux-") else 512


def first_line(head: bytes, change: Change, *, linked: bool = False) -> FirstLine | None:
    """The edit of a script's first line (of three lines, as pip writes it); None: it needs none.

    Args:
        head: how the file begins.
        change: the places.
        linked: a package brought it: two lines, as rattler and mamba write it.

    Raises:
        RefusedError: the new place has no such form.
    """
    if not head.startswith(b"#!"):
        return None
    if is_windows(change.platform):
        return _windows(head, change)
    found = (_LINKERS if linked else _PIPS).match(head)
    if found:
        return _short_again(found, change, linked)
    return _posix(head, change, linked)


def _posix(head: bytes, change: Change, linked: bool) -> FirstLine | None:
    found = _LINE.match(head)
    place = _place(found[1], change) if found else None
    if not found or place is None:
        return None
    interpreter, space, options = found[1][len(place[0]) :].partition(b" ")
    interpreter = place[1] + interpreter
    options = change.apply(space + options)
    if _fits(interpreter, options, change.platform):
        return FirstLine(Edit(0, found.end(), found[0][: found.start(1)] + interpreter + options))
    name = interpreter.rpartition(b"/")[2]
    if _PYTHON.fullmatch(name):
        end = found.end() + (head[found.end() : found.end() + 1] == b"\n")
        return FirstLine(Edit(0, end, _polyglot(interpreter, options, linked)))
    return FirstLine(Edit(0, found.end(), b"#!/usr/bin/env " + name + options), lossy=True)


def _short_again(found: re.Match[bytes], change: Change, linked: bool) -> FirstLine | None:
    """Two lines of sh and Python, as one again where that fits now."""
    before = found[1] or found[2]
    place = _place(before, change)
    if place is None:
        return None
    interpreter = place[1] + before[len(place[0]) :]
    options = change.apply(found[3])
    if _fits(before, found[3], change.platform) or not _fits(interpreter, options, change.platform):
        # It was so without need: so it stays.
        return FirstLine(
            Edit(0, found.end(), _polyglot(interpreter, options, linked, bool(found[1])))
        )
    return FirstLine(Edit(0, found.end(), b"#!" + interpreter + options + b"\n"))


def _polyglot(interpreter: bytes, options: bytes, linked: bool, quoted: bool = False) -> bytes:
    if linked or quoted or b" " in interpreter:
        interpreter = b'"' + interpreter + b'"'
    end = b" #'''\n" if linked else b"\n' '''\n"
    return b"#!/bin/sh\n'''exec' " + interpreter + options + b' "$0" "$@"' + end


def _fits(interpreter: bytes, options: bytes, platform: str) -> bool:
    if b" " in interpreter or b"\t" in interpreter:
        return False
    return len(b"#!" + interpreter + options) <= longest_shebang(platform)


_EXE = re.compile(rb"#![ \t]*(\"?)([^\"\r\n]*?\.exe)\1(?=[ \t\r\n]|$)", re.IGNORECASE)


def _windows(head: bytes, change: Change) -> FirstLine | None:
    """For a launcher: a path with a space is quoted, and one without is not."""
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
    return FirstLine(Edit(0, found.end(), b"#!" + quote + program + quote))


def _place(path: bytes, change: Change) -> tuple[bytes, bytes] | None:
    """The old place that it is below, as given or where that leads to, and the new one."""
    for old, new in (
        (change.old.place, change.new.place),
        (change.old.real, change.new.real),
    ):
        before, after = (p.encode("utf-8", "surrogateescape") for p in (old, new))
        if path.startswith(before + b"/"):
            return before, after
    return None
