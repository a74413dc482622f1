"""The canonical form of bytes that may hold the prefix, whatever their size."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from sealenv.seals.launchers import plain_script

__all__ = ["normalised_sha256", "replaced"]

_PIECE = 1 << 20
_PREFIX = b"/sealenv-prefix"
"""What stands for the prefix in a normalised file."""


def normalised_sha256(file: BinaryIO, spellings: Sequence[bytes], *, script: bool) -> str:
    """sha256 (hex) of a file with the prefix replaced.

    Args:
        file: open at its beginning.
        spellings: of the prefix, each replaced in what the one before it left.
        script: the line that names its interpreter is `#!python`.
    """
    wanted = min(os.fstat(file.fileno()).st_size + 1, _PIECE)
    first = file.read(wanted)
    whole = len(first) < wanted
    if script:
        first = plain_script(first)
    if whole:  # nearly always
        for spelling in spellings:
            first = first.replace(spelling, _PREFIX)
        return hashlib.sha256(first).hexdigest()
    pieces = _all(first, file)
    for spelling in spellings:
        pieces = replaced(pieces, spelling, _PREFIX)
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def _all(first: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield first
    while piece := file.read(_PIECE):
        yield piece


def replaced(pieces: Iterable[bytes], old: bytes, new: bytes) -> Iterator[bytes]:
    """`bytes.replace` of what the pieces make together; not more than a piece is held."""
    rest = b""
    for piece in pieces:
        *before, rest = (rest + piece).split(old)
        # It may begin at the end of this piece, and end in the next.
        decided = max(len(rest) - len(old) + 1, 0)
        yield new.join([*before, rest[:decided]])
        rest = rest[decided:]
    yield rest
