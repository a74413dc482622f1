"""Decode text files of unknown encoding so that they encode to the same bytes."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterable

__all__ = ["decode", "digest_of", "encode", "line_at", "lines_of", "replaced"]

_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What PowerShell 5 writes."""


def decode(data: bytes) -> str:
    """Return the text. Other bytes than UTF-8 become surrogates; a byte order mark is a character."""
    wide = _WIDE.get(data[:2])
    if wide:
        text = data.decode(wide, "surrogatepass") if len(data) % 2 == 0 else ""
        if text and text.encode(wide, "surrogatepass") == data:
            return text
    return data.decode("utf-8", "surrogateescape")


def encode(text: str, like: bytes) -> bytes:
    """Return the bytes of a changed text.

    Args:
        text: made from a text that `decode` returned.
        like: the bytes before the change.
    """
    wide = _WIDE.get(like[:2])
    if wide and decode(like)[:1] == "\ufeff":
        return text.encode(wide, "surrogatepass")
    return text.encode("utf-8", "surrogateescape")


def line_at(text: str, place: int) -> int:
    """Return the number, from 1, of the line that holds a character."""
    return text.count("\n", 0, place) + 1


def lines_of(text: str) -> list[tuple[int, int]]:
    """Return where each line begins and ends, with its newline. CR alone does not end a line."""
    found, start = [], 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        found.append((start, end))
        start = end
    return found


def replaced(text: str, parts: Iterable[tuple[int, int, str]]) -> str:
    """Return the text with parts (start, end, new text) replaced.

    A part inside an earlier one is replaced with it.
    """
    pieces, at = [], 0
    for start, end, put in sorted(set(parts), key=lambda part: (part[0], -part[1])):
        if start >= at:
            pieces += [text[at:start], put]
            at = end
    return "".join([*pieces, text[at:]])


def digest_of(data: bytes) -> str:
    """Return the sha256 in hex."""
    return hashlib.sha256(data).hexdigest()
