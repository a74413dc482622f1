"""Compiled Python files: their strings carry their length, and their header is that of a source.

A string with the path in it is written anew as CPython would write it. Where the source itself was
rewritten the header has to follow: `restamped`.
"""

from __future__ import annotations

import os
from typing import BinaryIO

from sealenv.portability.rewriting.change import (
    NOT_UNDERSTOOD,
    Change,
    Refusal,
    RefusedError,
)
from sealenv.portability.rewriting.edits import Edit
from sealenv.portability.rewriting.marshalled import HEADER, String, marks, strings
from sealenv.portability.rewriting.siphash import source_hash

__all__ = ["LARGEST", "is_pyc", "is_too_large", "pyc_edits", "restamped"]

_REF = 0x80
_INTERNED = b"tAZ"


LARGEST = 32 << 20
"""Bytes of a compiled file, or its source: more is not taken apart, which takes several times that."""


def is_pyc(path: str, head: bytes) -> bool:
    """Whether it is what Python takes for a compiled file."""
    return path.endswith((".pyc", ".pyo")) and head[2:4] == b"\r\n"


def is_too_large(file: BinaryIO) -> bool:
    """Whether it is not taken apart (`LARGEST`). What is read next is its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size > LARGEST


def pyc_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed in a compiled file.

    Raises:
        RefusedError: it is of no CPython from 3.7 to 3.14, or damaged; then the environment's own
            python can compile its source again.
    """
    if not change.old.holds(content):
        return []
    layout = marks(content)
    if layout is None:
        raise RefusedError(Refusal(NOT_UNDERSTOOD, "it was compiled by a Python that is not known"))
    try:
        return [edit for s in strings(content, layout) if (edit := _edit(content, s, change))]
    except (ValueError, IndexError) as error:
        raise RefusedError(
            Refusal(NOT_UNDERSTOOD, f"it cannot be read as a compiled file: {error}")
        ) from error


def _edit(content: bytes, string: String, change: Change) -> Edit | None:
    if not change.old.holds(string.data):
        return None
    after = change.apply(string.data)
    if after == string.data:
        return None
    flag = content[string.start] & _REF
    mark = string.mark
    if mark != ord("s"):
        # As w_complex_object of marshal.c chooses it.
        interned = mark in _INTERNED
        if not after.isascii():
            mark = ord("t" if interned else "u")
        elif len(after) < 256:
            mark = ord("Z" if interned else "z")
        else:
            mark = ord("A" if interned else "a")
    length = len(after).to_bytes(1 if mark in b"zZ" else 4, "little")
    return Edit(string.start, string.end, bytes([mark | flag]) + length + after)


def restamped(content: bytes, source: bytes, mtime: int) -> bytes:
    """The compiled file with a header for this source (PEP 552).

    Right where the source was rewritten, and not `shifted`. The columns that a traceback of Python 3.11
    or later marks in a line with a path are those of before then; compiling anew sets them right.

    Args:
        content: of the compiled file.
        source: of its source.
        mtime: of the source, in whole seconds since 1970.
    """
    flags = int.from_bytes(content[4:8], "little")
    if flags & 1:
        stamp = source_hash(content[:4], source)
    else:
        stamp = b"".join((n & 0xFFFFFFFF).to_bytes(4, "little") for n in (mtime, len(source)))
    return content[:8] + stamp + content[HEADER:]
