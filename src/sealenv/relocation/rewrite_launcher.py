r"""Launchers with the path of their interpreter: a program of Windows with a text behind it, or a zip.

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- those of `zipapp`, pex and shiv: `#!` line, zip. Python reads a zip from its end.
- uv's (`uv-trampoline`) keep the path behind the program or in its resources: uv makes them again.
- conda's entry points hold no path; it is in the `-script.py` beside them, a text.
"""

from __future__ import annotations

import io
import re
from typing import BinaryIO

from sealenv.relocation.edits import Change, Edit, RefusedError, splice
from sealenv.relocation.occurrences import occurrences
from sealenv.relocation.rewrite_text import HEAD, first_line

__all__ = ["UV_AGAIN", "is_launcher", "is_zip", "launcher_edits"]

UV_AGAIN = "it is a launcher of uv; `uv pip install --reinstall PACKAGE` makes it again"
_PIP_AGAIN = (
    "it is a launcher of an unknown kind; `python -m pip install --force-reinstall --no-deps PACKAGE` "
    "makes it again"
)
_ZIPAPP = re.compile(rb"#![^\n]*\n(?:'''exec'[^\n]*\n(?:' '''\n)?)?PK\x03\x04")
_OF_UV = (b"UVSC", b"UVPY")
_RESOURCE_OF_UV = "UV_PYTHON_PATH".encode("utf-16-le")
_TAIL = 65557
"""A zip's end and the longest comment."""
_BIGGEST = 16 << 20
"""Bytes: launchers have less than one million."""
_END, _CENTRAL = b"PK\x05\x06", b"PK\x01\x02"
_END_SIZE, _CENTRAL_SIZE = 22, 46


def is_launcher(path: str, head: bytes, stream: BinaryIO) -> bool:
    """Whether it is a program with its interpreter behind it or in it, or a zip behind a first line."""
    script = head.startswith(b"#!")
    if not script and not (head.startswith(b"MZ") and path.lower().endswith(".exe")):
        return False
    if stream.seek(0, io.SEEK_END) > _BIGGEST:
        return False
    if script:
        stream.seek(0)
        return bool(_ZIPAPP.match(stream.read(HEAD))) and _END in _tail(stream)
    tail = _tail(stream)
    if tail.endswith(_OF_UV) or _END in tail:
        return True
    stream.seek(0)
    return _RESOURCE_OF_UV in stream.read()


def is_zip(head: bytes, stream: BinaryIO) -> bool:
    """Whether it is an archive with checksums in it, with or without a first line."""
    return head.startswith(b"PK") or (head.startswith(b"#!") and _END in _tail(stream))


def launcher_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed.

    Raises:
        RefusedError: the path is in it where it cannot be replaced.
    """
    if not next(occurrences(content, change.old), None):
        return []
    if content.endswith(_OF_UV) or _RESOURCE_OF_UV in content:
        raise RefusedError(UV_AGAIN)
    edits = _interpreter_line(content, change)
    if next(occurrences(splice(content, edits), change.old), None):
        raise RefusedError(_PIP_AGAIN)
    return edits


def _interpreter_line(content: bytes, change: Change) -> list[Edit]:
    """The line before the archive; and the archive's offsets, where they count from the file's start."""
    end = content.rfind(_END)
    if end < 0 or len(content) < end + _END_SIZE:
        return []
    central = end - _number(content, end + 12)
    start = central - _number(content, end + 16)
    absolute = start == 0
    if absolute and content[central : central + 4] == _CENTRAL:
        start = min(_number(content, entry + 42) for entry in _entries(content, central, end))
    line = 0 if content.startswith(b"#!") else content.rfind(b"#!", 0, max(start, 0))
    found = first_line(content[line:start], change) if 0 <= line < start else None
    if found is None:
        return []
    edits = [Edit(line + found.start, line + found.end, found.data)]
    if absolute and found.growth:
        fields = [entry + 42 for entry in _entries(content, central, end)] + [end + 16]
        for at in fields:
            moved = _number(content, at) + found.growth
            edits.append(Edit(at, at + 4, moved.to_bytes(4, "little")))
    return edits


def _entries(content: bytes, position: int, end: int) -> list[int]:
    """Where the entries of a zip's directory begin."""
    found = []
    while position < end and content[position : position + 4] == _CENTRAL:
        found.append(position)
        lengths = (content[position + at : position + at + 2] for at in (28, 30, 32))
        position += _CENTRAL_SIZE + sum(int.from_bytes(n, "little") for n in lengths)
    return found


def _number(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 4], "little")


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(stream.seek(0, io.SEEK_END) - _TAIL, 0))
    return stream.read()
