r"""Launchers that carry their interpreter: a program of Windows with something behind it, or a zip.

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- those of `zipapp`, pex and shiv: `#!` line, zip. Python reads a zip from its end.
- uv's (`uv-trampoline`) keep the path behind the program or in its resources. They are refused: uv makes
  them again.
- conda's entry points have nothing in them; the path is in the `-script.py` beside them, a text.
"""

from __future__ import annotations

import io
import re
from typing import BinaryIO

from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.archives import END, Archive
from sealenv.portability.rewriting.change import (
    NOT_UNDERSTOOD,
    Change,
    Refusal,
    RefusedError,
    splice,
)
from sealenv.portability.rewriting.edits import Edit
from sealenv.portability.rewriting.shebang import HEAD, first_line

__all__ = ["is_launcher", "is_zip", "launcher_edits", "texts_inside"]

_ZIPAPP = re.compile(rb"#![^\n]*\n(?:'''exec'[^\n]*\n(?:' '''\n)?)?PK\x03\x04")
_OF_UV = (b"UVSC", b"UVPY")
_RESOURCE_OF_UV = "UV_PYTHON_PATH".encode("utf-16-le")
_TAIL = 65557
"""A zip's end and the longest comment."""
_BIGGEST = 16 << 20
"""Bytes: launchers have less than one million."""


def is_launcher(path: str, head: bytes, stream: BinaryIO) -> bool:
    """Whether it is a program with its interpreter behind it or in it, or a zip behind a first line."""
    script = head.startswith(b"#!")
    if not script and not (head.startswith(b"MZ") and path.lower().endswith(".exe")):
        return False
    if stream.seek(0, io.SEEK_END) > _BIGGEST:
        return False
    if script:
        stream.seek(0)
        return bool(_ZIPAPP.match(stream.read(HEAD))) and END in _tail(stream)
    tail = _tail(stream)
    if tail.endswith(_OF_UV) or END in tail:
        return True
    stream.seek(0)
    return _RESOURCE_OF_UV in stream.read()


def is_zip(head: bytes, stream: BinaryIO) -> bool:
    """Whether it is an archive with sums in it, with or without a first line."""
    return head.startswith(b"PK") or (head.startswith(b"#!") and END in _tail(stream))


def _tail(stream: BinaryIO) -> bytes:
    stream.seek(max(stream.seek(0, io.SEEK_END) - _TAIL, 0))
    return stream.read()


def launcher_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed.

    Raises:
        RefusedError: the path is in it where no launcher has it, or there is no room.
    """
    if content.endswith(_OF_UV) or _RESOURCE_OF_UV in content:
        if not next(occurrences(content, change.old), None):
            return []
        raise RefusedError(
            Refusal(
                NOT_UNDERSTOOD,
                "it is a launcher of uv; `uv pip install --reinstall PACKAGE` makes it again",
            )
        )
    edits = _shebang(content, change)
    if next(occurrences(splice(content, edits), change.old), None):
        raise RefusedError(
            Refusal(
                NOT_UNDERSTOOD, "the path is in a launcher where no launcher has its interpreter"
            )
        )
    return edits


def texts_inside(content: bytes) -> list[bytes]:
    """What is in the archive of a launcher: a path may be there that its bytes do not show."""
    archive = Archive.of(content)
    return [archive.data(member) for member in archive.members] if archive else []


def _shebang(content: bytes, change: Change) -> list[Edit]:
    """The line between program and archive, and what is in that."""
    archive = Archive.of(content)
    if archive is None:
        return []
    edits = []
    script = content.startswith(b"#!")
    line = 0 if script else content.rfind(b"#!", 0, archive.start)
    if script or (line >= 0 and b"\n" not in content[line : archive.start].rstrip(b"\r\n")):
        found = first_line(content[line : archive.start], change)
        if found:
            edits = [Edit(line + found.edit.start, line + found.edit.end, found.edit.data)]
    moved = sum(edit.growth for edit in edits)
    edits.append(Edit(archive.start, archive.end, archive.rewritten(change, moved)))
    return _real(content, edits)


def _real(content: bytes, edits: list[Edit]) -> list[Edit]:
    return [edit for edit in edits if content[edit.start : edit.end] != edit.data]
