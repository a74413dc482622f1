r"""Rewrite launchers: a `#!` line and a zip, mostly behind a Windows program.

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- those of `zipapp`, pex and shiv: `#!` line, zip. Python reads a zip from its end.
- uv's (`uv-trampoline`) keep the path behind the program or in its resources: uv creates them again.
- conda's entry points hold no path; the `-script.py` beside them does.
"""

from __future__ import annotations

import io
import re
from typing import BinaryIO

from sealenv.relocation.edits import Change, Edit, RefusedError, splice
from sealenv.relocation.occurrences import occurrences
from sealenv.relocation.rewrite_text import HEAD, first_line

__all__ = ["is_launcher", "is_zip", "launcher_edits"]

_UV_AGAIN = "it is a launcher of uv; `uv pip install --reinstall PACKAGE` makes it again"
_PIP_AGAIN = (
    "it is a launcher of an unknown kind; `python -m pip install --force-reinstall --no-deps PACKAGE` "
    "makes it again"
)
_LINE = re.compile(rb"#![^\n]*\n(?:'''exec'[^\n]*\n(?:' '''\n)?)?(?=PK\x03\x04)")
_OF_UV = (b"UVSC", b"UVPY")
_RESOURCE_OF_UV = "UV_PYTHON_PATH".encode("utf-16-le")
_TAIL = 65557
"""The size of a zip's end with the longest comment."""
_LARGEST = 16 << 20
"""Launchers have less than one million bytes."""
_END = b"PK\x05\x06"
_END_SIZE = 22


def is_launcher(path: str, head: bytes, stream: BinaryIO) -> bool:
    """Tell whether a file is a program that names its interpreter, or a zip behind a first line."""
    script = head.startswith(b"#!")
    if not script and not (head.startswith(b"MZ") and path.lower().endswith(".exe")):
        return False
    if stream.seek(0, io.SEEK_END) > _LARGEST:
        return False
    if script:
        stream.seek(0)
        return bool(_LINE.match(stream.read(HEAD))) and _END in _tail(stream)
    tail = _tail(stream)
    if tail.endswith(_OF_UV) or _END in tail:
        return True
    stream.seek(0)
    return _RESOURCE_OF_UV in stream.read()


def is_zip(head: bytes, stream: BinaryIO) -> bool:
    """Tell whether a file is an archive with checksums, with or without a first line."""
    return head.startswith(b"PK") or (head.startswith(b"#!") and _END in _tail(stream))


def launcher_edits(content: bytes, change: Change) -> list[Edit]:
    """Return the edits of a launcher.

    Raises:
        RefusedError: it holds the path where the path cannot be replaced.
    """
    if not next(occurrences(content, change.old), None):
        return []
    if content.endswith(_OF_UV) or _RESOURCE_OF_UV in content:
        raise RefusedError(_UV_AGAIN)
    edits = _interpreter_line(content, change)
    if next(occurrences(splice(content, edits), change.old), None):
        raise RefusedError(_PIP_AGAIN)
    return edits


def _interpreter_line(content: bytes, change: Change) -> list[Edit]:
    """Edit the line before the archive.

    Python reads an archive whose offsets are too small for what is before it, but not one whose
    offsets are too large. If the line gets that short, spaces fill it, which the kernel removes.
    """
    end = content.rfind(_END)
    line = _LINE.search(content)
    found = first_line(content[line.start() : line.end()], change) if line else None
    if not line or not found or not 0 <= end <= len(content) - _END_SIZE:
        return []
    offset = int.from_bytes(content[end + 16 : end + 20], "little")
    directory = end - int.from_bytes(content[end + 12 : end + 16], "little")
    text = found.data.rstrip(b"\n")
    padding = b" " * max(offset - directory - found.growth, 0)
    data = text + padding + found.data[len(text) :]
    return [Edit(line.start() + found.start, line.start() + found.end, data)]


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(stream.seek(0, io.SEEK_END) - _TAIL, 0))
    return stream.read()
