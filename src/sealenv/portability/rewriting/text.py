"""A text: each occurrence becomes the new place in the same form; the first line may need more."""

from __future__ import annotations

from typing import BinaryIO

from sealenv.portability.occurrences import occurrences_in
from sealenv.portability.rewriting.change import Change, Edit
from sealenv.portability.rewriting.shebang import HEAD, first_line

__all__ = ["target_of_link", "text_edits"]


def text_edits(
    stream: BinaryIO, change: Change, *, linked: bool = False
) -> tuple[list[Edit], bool]:
    """What is to be changed in a text, and whether its first line loses the path (`lossy`).

    Args:
        stream: the file; it can be sought in.
        change: the places.
        linked: see `first_line`.

    Raises:
        RefusedError: the new place has no such form.
        OSError: it cannot be read.
    """
    stream.seek(0)
    head = stream.read(HEAD)
    line = first_line(head, change, linked=linked)
    stream.seek(0)
    behind = line.edit.end if line else 0
    edits = [line.edit] if line else []
    for found in occurrences_in(stream, change.old):
        if found.start >= behind:
            edits.append(Edit(found.start, found.end, change.written(found)))
    return edits, line is not None and line.lossy


def target_of_link(target: str, change: Change) -> str:
    """Where a link shall lead that led to the old place or below it; else where it leads.

    Raises:
        RefusedError: the new place has no such form.
    """
    data = target.encode("utf-8", "surrogateescape")
    return change.apply(data).decode("utf-8", "surrogateescape")
