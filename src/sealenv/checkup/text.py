"""Text files of unknown encoding, as text that can be turned back into the very same bytes."""

from __future__ import annotations

import codecs

__all__ = ["decode", "encode", "line_at", "lines_of"]

_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
"""What PowerShell 5 writes."""


def decode(data: bytes) -> str:
    """Its text. What is no UTF-8 is kept as surrogates; a byte order mark is a character."""
    wide = _WIDE.get(data[:2])
    if wide:
        text = data.decode(wide, "surrogatepass") if len(data) % 2 == 0 else ""
        if text and text.encode(wide, "surrogatepass") == data:
            return text
    return data.decode("utf-8", "surrogateescape")


def encode(text: str, like: bytes) -> bytes:
    """The bytes of a text that was made from one that `decode` gave.

    Args:
        text: the new text.
        like: the bytes of the old one.
    """
    wide = _WIDE.get(like[:2])
    if wide and decode(like)[:1] == "\ufeff":
        return text.encode(wide, "surrogatepass")
    return text.encode("utf-8", "surrogateescape")


def line_at(text: str, place: int) -> int:
    """The number of the line that a character stands in, from 1."""
    return text.count("\n", 0, place) + 1


def lines_of(text: str) -> list[tuple[int, int]]:
    """Where each line begins and ends, its newline with it. CR alone ends none."""
    found, start = [], 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        found.append((start, end))
        start = end
    return found
