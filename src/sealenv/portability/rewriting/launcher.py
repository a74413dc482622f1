r"""Launchers of Windows that carry their interpreter: a program with something behind it.

- pip's (distlib, `scripts.py`): program, `#!` line, zip with `__main__.py`.
- uv's until 0.8 (`uv-trampoline`): program, zip, path, its length in four bytes, `UVSC` or `UVPY`.
- uv's from 0.9 on keep the path in a resource of the program: see `resources`.
- conda's entry points have nothing in them; the path is in the `-script.py` beside them, a text.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from typing import BinaryIO

from sealenv.portability.occurrences import occurrences
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

__all__ = ["is_launcher", "launcher_edits", "members"]

_END = b"PK\x05\x06"
_END_SIZE = 22
_CENTRAL = b"PK\x01\x02"
_CENTRAL_SIZE = 46
_TRAMPOLINES = (b"UVSC", b"UVPY")
_RESOURCE = "UV_PYTHON_PATH".encode("utf-16-le")
_BIGGEST = 16 << 20
"""Bytes: launchers have less than one million."""


def is_launcher(path: str, head: bytes, stream: BinaryIO) -> bool:
    """Whether it is a program with its interpreter behind it or in it."""
    if not head.startswith(b"MZ") or not path.lower().endswith(".exe"):
        return False
    size = stream.seek(0, io.SEEK_END)
    if size > _BIGGEST:
        return False
    stream.seek(max(size - 65557, 0))
    tail = stream.read()
    if tail.endswith(_TRAMPOLINES) or _END in tail:
        return True
    stream.seek(0)
    return _RESOURCE in stream.read()


def launcher_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed.

    Raises:
        RefusedError: the path is in it where no launcher has it.
    """
    if content.endswith(_TRAMPOLINES):
        edits = _trampoline(content, change)
    elif _RESOURCE in content:
        edits = resource_edits(content, change)
    else:
        edits = _shebang(content, change)
    if next(occurrences(splice(content, edits), change.old), None) or _in_members(content, change):
        raise RefusedError(
            Refusal(
                NOT_UNDERSTOOD, "the path is in a launcher where no launcher has its interpreter"
            )
        )
    return edits


def members(content: bytes) -> dict[str, bytes]:
    """What is in the archive at a launcher's end; nothing if there is none that can be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {
                info.filename: archive.read(info)
                for info in archive.infolist()
                if info.file_size <= _BIGGEST
            }
    except (ValueError, OSError, RuntimeError, zipfile.BadZipFile, zlib.error):
        return {}


def _in_members(content: bytes, change: Change) -> bool:
    if content.endswith(_TRAMPOLINES):
        content = content[: _before_trailer(content)[0]]
    return any(next(occurrences(data, change.old), None) for data in members(content).values())


def _before_trailer(content: bytes) -> tuple[int, int]:
    """Where the path of a trampoline starts and ends."""
    end = len(content) - 8
    length = int.from_bytes(content[end : end + 4], "little")
    if length > end:
        raise RefusedError(Refusal(NOT_UNDERSTOOD, "the length at its end cannot be"))
    return end - length, end


def _trampoline(content: bytes, change: Change) -> list[Edit]:
    start, end = _before_trailer(content)
    path = change.apply(content[start:end])
    if path == content[start:end]:
        return []
    return [Edit(start, end + 4, path + len(path).to_bytes(4, "little"))]


def _shebang(content: bytes, change: Change) -> list[Edit]:
    """The line between program and archive."""
    archive = _Archive.of(content)
    if archive is None:
        return []
    line = content.rfind(b"#!", 0, archive.start)
    if line < 0 or b"\n" in content[line : archive.start].rstrip(b"\r\n"):
        return []
    found = first_line(content[line : archive.start], change)
    if found is None:
        return []
    edit = Edit(line + found.edit.start, line + found.edit.end, found.edit.data)
    return [edit, *(archive.moved(content, edit.growth) if archive.absolute else ())]


class _Archive:
    """A zip at the end of a program."""

    def __init__(self, start: int, central: int, end: int, absolute: bool) -> None:
        self.start = start
        self.absolute = absolute
        """Its offsets count from the start of the file, not from its own."""
        self._central = central
        self._end = end

    @classmethod
    def of(cls, content: bytes) -> _Archive | None:
        """None: there is none, or it cannot be told where it starts."""
        end = content.rfind(_END)
        if end < 0 or len(content) < end + _END_SIZE:
            return None
        size = int.from_bytes(content[end + 12 : end + 16], "little")
        offset = int.from_bytes(content[end + 16 : end + 20], "little")
        central = end - size
        start = central - offset
        if start < 0 or content[central : central + 4] not in (_CENTRAL, _END):
            return None
        if start:
            return cls(start, central, end, absolute=False)
        archive = cls(0, central, end, absolute=True)
        offsets = [int.from_bytes(content[p : p + 4], "little") for p in archive._offsets(content)]
        archive.start = min(offsets, default=central)
        return archive

    def _offsets(self, content: bytes) -> list[int]:
        """Where in the directory the offsets of the members are."""
        found = []
        position = self._central
        while content[position : position + 4] == _CENTRAL:
            found.append(position + 42)
            sizes = (content[position + at : position + at + 2] for at in (28, 30, 32))
            position += _CENTRAL_SIZE + sum(int.from_bytes(s, "little") for s in sizes)
        return found

    def moved(self, content: bytes, by: int) -> list[Edit]:
        """The edits of all offsets, when the archive starts further on."""
        edits = []
        for at in (*self._offsets(content), self._end + 16):
            value = int.from_bytes(content[at : at + 4], "little") + by
            edits.append(Edit(at, at + 4, value.to_bytes(4, "little")))
        return edits
