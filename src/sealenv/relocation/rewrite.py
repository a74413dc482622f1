"""Decide how a file of any kind gets the new path of its environment."""

from __future__ import annotations

import io
import os
from typing import BinaryIO

from sealenv.relocation.edits import Change, Edit, Hints, RefusedError, Rewriting
from sealenv.relocation.occurrences import is_in_compiled, occurrences_in
from sealenv.relocation.rewrite_binary import is_program, is_signed, program_edits
from sealenv.relocation.rewrite_launcher import is_launcher, is_zip, launcher_edits
from sealenv.relocation.rewrite_text import text_edits

__all__ = ["holds", "rewrite", "rewrite_link"]

_NO_HINTS = Hints()
_BLOCK = 1 << 20


def holds(path: str, file: BinaryIO, change: Change) -> bool:
    """Tell whether a file holds the old path.

    Args:
        path: the relative path of the file.
        file: the open file, at its start.
        change: the paths.

    Raises:
        OSError: the file cannot be read.
    """
    if _is_compiled(path, file.read(4)):
        return is_in_compiled(_all(file), change.old)
    file.seek(0)
    return next(occurrences_in(file, change.old), None) is not None


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
    if _is_compiled(path, head):
        return Rewriting("compiled", delete=is_in_compiled(_all(stream), change.old))
    if is_launcher(path, head, stream):
        return Rewriting("launcher", launcher_edits(_all(stream), change))
    if hints.file_mode == "text" or (hints.file_mode is None and _is_text(stream)):
        return Rewriting("text", text_edits(stream, change))
    if hints.file_mode == "binary" or is_program(head):
        edits = program_edits(stream, change, hints.placeholder)
        return Rewriting("program", edits, unsigned=bool(edits) and is_signed(head))
    return Rewriting("data", _data_edits(stream, change, head))


def rewrite_link(text: str, change: Change) -> str | None:
    """Return the target of a link with the new path; None if it does not hold the old one."""
    old = change.old.place
    if text == old or os.path.normcase(text).startswith(os.path.normcase(old + os.sep)):
        return change.new + text[len(old) :]
    after = os.fsdecode(change.apply(os.fsencode(text)))
    return None if after == text else after


def _is_compiled(path: str, head: bytes) -> bool:
    return path.endswith((".pyc", ".pyo")) and head[2:4] == b"\r\n"


def _is_text(stream: BinaryIO) -> bool:
    stream.seek(0)
    while block := stream.read(_BLOCK):
        if b"\0" in block:
            return False
    return True


def _data_edits(stream: BinaryIO, change: Change, head: bytes) -> list[Edit]:
    """Edit data of an unknown format only if every length stays, and if it has no checksums."""
    stream.seek(0)
    edits = [Edit(o.start, o.end, change.written(o)) for o in occurrences_in(stream, change.old)]
    sums = bool(edits) and is_zip(head, stream)
    if sums or any(edit.growth for edit in edits):
        what = "it is data of a format whose strings cannot be changed safely"
        raise RefusedError(what, same_length=not sums)
    return edits


def _all(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()
