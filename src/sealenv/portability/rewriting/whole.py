"""What to do with a file, whatever it is."""

from __future__ import annotations

import io
from typing import BinaryIO

from sealenv.portability.occurrences import occurrences_in
from sealenv.portability.rewriting.change import (
    NOT_UNDERSTOOD,
    Change,
    Hints,
    Refusal,
    RefusedError,
    Rewriting,
)
from sealenv.portability.rewriting.edits import Edit, Edits
from sealenv.portability.rewriting.launcher import is_launcher, is_zip, launcher_edits
from sealenv.portability.rewriting.programs import is_program, is_signed, program_edits
from sealenv.portability.rewriting.pyc import is_pyc, is_too_large, pyc_edits
from sealenv.portability.rewriting.text import text_rewriting

__all__ = ["rewrite"]

_NO_HINTS = Hints()
_BLOCK = 1 << 20
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def rewrite(
    path: str, content: bytes | BinaryIO, change: Change, hints: Hints = _NO_HINTS
) -> Rewriting | Refusal:
    """What a file becomes when its environment goes to another place.

    Rewriting what was rewritten changes nothing; the way back gives the same bytes, unless the new
    place was in the file before or the result is `lossy`.

    Args:
        path: relative to the prefix, with `/`.
        content: its bytes, or a binary file of any size that can be sought in.
        change: the places.
        hints: what else is known.

    Raises:
        OSError: it cannot be read.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    stream.seek(0)
    head = stream.read(16)
    try:
        if is_pyc(path, head):
            if is_too_large(stream):
                raise RefusedError(Refusal(NOT_UNDERSTOOD, "it is too large to be taken apart"))
            return Rewriting("pyc", Edits(pyc_edits(_all(stream), change)))
        if is_launcher(path, head, stream):
            return Rewriting("launcher", Edits(launcher_edits(_all(stream), change)))
        if hints.file_mode == "text" or (
            hints.file_mode is None and (head.startswith(_UTF16) or _is_text(stream))
        ):
            return text_rewriting(stream, change, linked=hints.linked)
        if hints.file_mode == "binary" or is_program(head):
            edits = program_edits(stream, change, hints.placeholder)
            return Rewriting("program", edits, unsigned=bool(edits) and is_signed(head))
        return Rewriting("data", _data_edits(stream, change, head))
    except RefusedError as error:
        return error.refusal


def _is_text(stream: BinaryIO) -> bool:
    stream.seek(0)
    while block := stream.read(_BLOCK):
        if b"\0" in block:
            return False
    return True


def _data_edits(stream: BinaryIO, change: Change, head: bytes) -> Edits:
    """Data of a format that nobody knows: only what keeps every length, and has no sum in it."""
    stream.seek(0)
    edits = Edits(
        Edit(o.start, o.end, change.written(o)) for o in occurrences_in(stream, change.old)
    )
    if edits and (is_zip(head, stream) or not edits.in_place):
        raise RefusedError(
            Refusal(NOT_UNDERSTOOD, "it is data of a format whose strings cannot be changed safely")
        )
    return edits


def _all(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()
