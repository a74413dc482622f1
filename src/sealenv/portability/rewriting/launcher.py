r"""Launchers of Windows that carry their interpreter: a program with something behind it.

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- uv's older ones (`uv-trampoline`): program, zip, path, its length in four bytes, `UVSC` or `UVPY`.
- uv's newer ones keep path and zip in resources of the program: see `resources`.
- conda's entry points have nothing in them; the path is in the `-script.py` beside them, a text.
"""

from __future__ import annotations

import io
from typing import BinaryIO

from sealenv.portability.occurrences import occurrences
from sealenv.portability.rewriting.archives import END, Archive
from sealenv.portability.rewriting.change import (
    NOT_UNDERSTOOD,
    Change,
    Edit,
    Refusal,
    RefusedError,
    splice,
)
from sealenv.portability.rewriting.resources import resource_edits
from sealenv.portability.rewriting.shebang import first_line

__all__ = ["is_launcher", "launcher_edits", "texts_inside"]

_TRAMPOLINES = (b"UVSC", b"UVPY")
_RESOURCE = "UV_PYTHON_PATH".encode("utf-16-le")
_TAIL = 65557
"""A zip's end and the longest comment."""
_BIGGEST = 16 << 20
"""Bytes: launchers have less than one million."""


def is_launcher(path: str, head: bytes, stream: BinaryIO) -> bool:
    """Whether it is a program with its interpreter behind it or in it."""
    if not head.startswith(b"MZ") or not path.lower().endswith(".exe"):
        return False
    size = stream.seek(0, io.SEEK_END)
    if size > _BIGGEST:
        return False
    stream.seek(max(size - _TAIL, 0))
    tail = stream.read()
    if tail.endswith(_TRAMPOLINES) or END in tail:
        return True
    stream.seek(0)
    return _RESOURCE in stream.read()


def launcher_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed.

    Raises:
        RefusedError: the path is in it where no launcher has it, or there is no room.
    """
    if content.endswith(_TRAMPOLINES):
        edits = _trampoline(content, change)
    elif _RESOURCE in content:
        edits = resource_edits(content, change)
    else:
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


def _trampoline(content: bytes, change: Change) -> list[Edit]:
    end = len(content) - 8
    start = end - int.from_bytes(content[end : end + 4], "little")
    if start < 0:
        raise RefusedError(Refusal(NOT_UNDERSTOOD, "the length at its end cannot be"))
    path = change.apply(content[start:end])
    written = Edit(start, end + 4, path + len(path).to_bytes(4, "little"))
    archive = Archive.of(content[:start])
    inside = [Edit(archive.start, archive.end, archive.rewritten(change))] if archive else []
    return _real(content, [*inside, written])


def _shebang(content: bytes, change: Change) -> list[Edit]:
    """The line between program and archive, and what is in that."""
    archive = Archive.of(content)
    if archive is None:
        return []
    edits = []
    line = content.rfind(b"#!", 0, archive.start)
    if line >= 0 and b"\n" not in content[line : archive.start].rstrip(b"\r\n"):
        found = first_line(content[line : archive.start], change)
        if found:
            edits = [Edit(line + found.edit.start, line + found.edit.end, found.edit.data)]
    moved = sum(edit.growth for edit in edits)
    edits.append(Edit(archive.start, archive.end, archive.rewritten(change, moved)))
    return _real(content, edits)


def _real(content: bytes, edits: list[Edit]) -> list[Edit]:
    return [edit for edit in edits if content[edit.start : edit.end] != edit.data]
