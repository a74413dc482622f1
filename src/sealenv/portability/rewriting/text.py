"""A text: each occurrence becomes the new place in the same form; the first line may need more."""

from __future__ import annotations

import os
from typing import BinaryIO

from sealenv.portability.occurrences import occurrences_in
from sealenv.portability.rewriting.change import Change, Rewriting
from sealenv.portability.rewriting.edits import Edit, Edits
from sealenv.portability.rewriting.shebang import HEAD, first_line

__all__ = ["target_of_link", "text_rewriting"]


def text_rewriting(stream: BinaryIO, change: Change, *, linked: bool = False) -> Rewriting:
    """What is to be changed in a text.

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
    edits = Edits([line.edit] if line else [])
    behind = line.edit.end if line else 0
    for found in occurrences_in(stream, change.old):
        if found.start >= behind:
            edits.append(Edit(found.start, found.end, change.written(found)))
    shifted = line is not None and head[:behind].count(b"\n") != line.edit.data.count(b"\n")
    return Rewriting("text", edits, lossy=line is not None and line.lossy, shifted=shifted)


def target_of_link(target: str, change: Change) -> str:
    """The text of a link with every occurrence of the old place changed.

    Raises:
        RefusedError: the new place has no such form.
    """
    return os.fsdecode(change.apply(os.fsencode(target)))
