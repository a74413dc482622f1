"""Rewrite strings in compiled programs. They end with a NUL, and the file keeps its length.

A shorter string is padded with NULs. A longer one needs NULs that are known to be free: the record of
the package names its `prefix_placeholder`, so each path in a string had room for that many bytes
(conda, `core/portability.py`, `binary_replace`).
"""

from __future__ import annotations

from typing import BinaryIO, cast

from sealenv.relocation.edits import Change, Edit, RefusedError, splice
from sealenv.relocation.occurrences import Occurrence, occurrences_in

__all__ = ["is_program", "is_signed", "program_edits"]

_MACHO = (
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xca\xfe\xba\xbf",
)
_MAGIC = (b"\x7fELF", b"MZ", b"!<arch>\n", b"BC\xc0\xde", b"\0asm", *_MACHO)
_BLOCK = 4096


def is_program(head: bytes) -> bool:
    """Tell whether a file has C strings: ELF, Mach-O, PE, object files and static libraries."""
    return head.startswith(_MAGIC)


def is_signed(head: bytes) -> bool:
    """Tell whether macOS requires a valid signature for the file."""
    return head.startswith(_MACHO)


def program_edits(stream: BinaryIO, change: Change, placeholder: int | None) -> list[Edit]:
    """Return the edits of a program; each keeps its length.

    Args:
        stream: the file, which supports seeking.
        change: the paths.
        placeholder: how many bytes a path may have; None if it must not become longer.

    Raises:
        RefusedError: the new path does not fit.
        OSError: the file cannot be read.
    """
    edits: list[Edit] = []
    string: list[Occurrence] = []
    end = 0
    for found in occurrences_in(cast("BinaryIO", _Apart(stream)), change.old):
        if string and found.start >= end:
            edits.append(_string_edit(stream, string, end, change, placeholder))
            string = []
        if found.start >= end:
            end = _string_end(stream, found.end)
        string.append(found)
    if string:
        edits.append(_string_edit(stream, string, end, change, placeholder))
    return edits


class _Apart:
    """A stream that is read from its start while the caller seeks in it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._position = stream, 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        self._stream.seek(self._position)
        data = self._stream.read(size)
        self._position += len(data)
        return data


def _string_edit(
    stream: BinaryIO, string: list[Occurrence], end: int, change: Change, placeholder: int | None
) -> Edit:
    """Edit one string, from the first path in it to its end."""
    start = string[0].start
    stream.seek(start)
    before = stream.read(end - start)
    after = splice(
        before, [Edit(o.start - start, o.end - start, change.written(o)) for o in string]
    )
    growth = len(after) - len(before)
    if growth > 0:
        promised = sum(max((placeholder or 0) - (o.end - o.start), 0) for o in string)
        free = min(promised, max(_nuls(stream, end, growth + 2) - 1, 0))
        if growth > free:
            raise RefusedError(
                f"at offset {start} there is room for {len(before) + free} bytes, "
                f"and {len(after)} are needed",
                growth - free,
            )
    return Edit(start, end + max(growth, 0), after + bytes(max(-growth, 0)))


def _string_end(stream: BinaryIO, position: int) -> int:
    """Return the offset of the next NUL, or of the end of the file."""
    stream.seek(position)
    while block := stream.read(_BLOCK):
        at = block.find(b"\0")
        if at >= 0:
            return position + at
        position += len(block)
    return position


def _nuls(stream: BinaryIO, position: int, most: int) -> int:
    """Count the NULs that follow, up to a limit."""
    stream.seek(position)
    block = stream.read(most)
    return len(block) - len(block.lstrip(b"\0"))
