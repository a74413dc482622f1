"""Decide how a file of any kind gets the new path of its environment.

- Text: each occurrence becomes the new path in the same form.
- Programs keep their length. A shorter string is padded with NULs. A longer one needs NULs that are
  known to be free: the record of the package names its `prefix_placeholder`, so each path in a string
  had room for that many bytes (conda, `core/portability.py`, `binary_replace`).
- Compiled Python is deleted: Python writes it again.
- Launchers: see `interpreter`.
- Other data changes only if every length stays.
"""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from sealenv.relocation.edits import Change, Edit, Hints, RefusedError, Rewriting, splice
from sealenv.relocation.find import Occurrence, in_compiled, is_compiled, occurrences_in
from sealenv.relocation.interpreter import HEAD, first_line, is_launcher, is_zip, launcher_edits

__all__ = ["rewrite", "rewrite_link"]

_NO_HINTS = Hints()
_BLOCK = 1 << 20
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


def rewrite(
    path: str, content: bytes | BinaryIO, change: Change, hints: Hints = _NO_HINTS
) -> Rewriting:
    """Decide how a file gets the new path. A file that was rewritten needs no change.

    Args:
        path: relative to the prefix, with `/`.
        content: its bytes, or an open file of any size that supports seeking.
        change: the paths.
        hints: what the record of its package says.

    Raises:
        RefusedError: the file cannot hold the new path.
        OSError: the file cannot be read.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    stream.seek(0)
    head = stream.read(16)
    if is_compiled(path, head):
        holds = next(in_compiled(_all(stream), change.old), None) is not None
        return Rewriting(delete=holds)
    if is_launcher(path, head, stream):
        return Rewriting(launcher_edits(_all(stream), change))
    if hints.file_mode == "text" or (hints.file_mode is None and _is_text(stream)):
        return Rewriting(_text_edits(stream, change))
    if hints.file_mode == "binary" or head.startswith(_MAGIC):
        edits = _program_edits(stream, change, hints.placeholder)
        return Rewriting(edits, unsigned=bool(edits) and head.startswith(_MACHO))
    return Rewriting(_data_edits(stream, change, head))


def rewrite_link(text: str, change: Change) -> str:
    """Return the target of a link with the new path."""
    return os.fsdecode(change.apply(os.fsencode(text)))


def _all(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def _edits(stream: BinaryIO, change: Change) -> list[Edit]:
    stream.seek(0)
    found = occurrences_in(stream, change.old)
    return [Edit(o.start, o.end, change.written(o)) for o in found]


def _is_text(stream: BinaryIO) -> bool:
    stream.seek(0)
    while block := stream.read(_BLOCK):
        if b"\0" in block:
            return False
    return True


def _text_edits(stream: BinaryIO, change: Change) -> list[Edit]:
    stream.seek(0)
    line = first_line(stream.read(HEAD), change)
    if line is None:
        return _edits(stream, change)
    return [line, *(edit for edit in _edits(stream, change) if edit.start >= line.end)]


def _data_edits(stream: BinaryIO, change: Change, head: bytes) -> list[Edit]:
    """Edit data of an unknown format only if every length stays, and if it has no checksums."""
    edits = _edits(stream, change)
    sums = bool(edits) and is_zip(head, stream)
    if sums or any(edit.growth for edit in edits):
        what = "it is data of a format whose strings cannot be changed safely"
        raise RefusedError(what, same_length=not sums)
    return edits


def _program_edits(stream: BinaryIO, change: Change, placeholder: int | None) -> list[Edit]:
    """Edit each string of a program that holds the path; `placeholder` is the room for one path."""
    stream.seek(0)
    strings: dict[int, list[Occurrence]] = {}
    end = 0
    for found in list(occurrences_in(stream, change.old)):
        if found.start >= end:
            end = _string_end(stream, found.end)
        strings.setdefault(end, []).append(found)
    return [
        _string_edit(stream, string, end, change, placeholder) for end, string in strings.items()
    ]


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
    while block := stream.read(1 << 12):
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
