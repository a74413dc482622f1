"""The strings of a `.pyc`, and where they are in it.

Each CPython has its own layout of code objects, but the marks of strings are the same since 3.4
(`Python/marshal.c`, version 4): a letter with 0x80 for "may be referred to", a length of one byte or
four, the bytes. The bytecode and its tables are strings too: those are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["HEADER", "String", "marks", "strings"]

HEADER = 16
"""Bytes: magic, flags, and the source's hash or its time and size (PEP 552)."""

_REF = 0x80
_SHORT = b"zZ"
_LONG = b"suaAt"
_FIXED = {
    **dict.fromkeys(b"0NFTS.", 0),
    **dict.fromkeys(b"iIr", 4),
    ord("g"): 8,
    ord("y"): 16,
}
_FIXED[ord("I")] = 8
_COUNTED = b"([<>"

# What a code object is made of: n a number of four bytes, o an object, b one of bytecode or a table.
_OLD = "nnnnnnbooooooonb"
_NEW = "nnnnnbooobooonbb"
_LAYOUTS = (
    # First and last magic, layout (Lib/importlib/_bootstrap_external.py, Python/marshal.c).
    (3390, 3399, "nnnnnbooooooonb"),  # 3.7
    (3400, 3449, _OLD),  # 3.8 to 3.10
    (3450, 3699, _NEW),  # 3.11 to 3.14
)


@dataclass(frozen=True)
class String:
    """A string from its mark at `start` to before `end`."""

    mark: int
    start: int
    end: int
    data: bytes


def marks(content: bytes) -> str | None:
    """How the code objects of this magic number are laid out; None: of no CPython that we know."""
    magic = int.from_bytes(content[:2], "little")
    return next((layout for low, high, layout in _LAYOUTS if low <= magic <= high), None)


def strings(content: bytes, layout: str) -> Iterator[String]:
    """Every string but bytecode and tables, in order.

    Raises:
        ValueError: it is no such file, or cut short.
    """
    position = HEADER
    # What is still to be read, the next one last: an object, a table, a number, a dictionary's rest.
    wanted = ["o"]
    while wanted:
        kind = wanted.pop()
        if kind == "n":
            position += 4
            continue
        if position >= len(content):
            raise ValueError("it is cut short")
        start, mark = position, content[position] & ~_REF
        position += 1
        if kind == "d" and mark != ord("0"):
            wanted += "do"  # this key, its value, then the next key
        if mark in _SHORT or mark in _LONG:
            size = 1 if mark in _SHORT else 4
            length = int.from_bytes(content[position : position + size], "little")
            position += size + length
            if kind != "b":
                yield String(mark, start, position, content[position - length : position])
        elif mark in _COUNTED or mark == ord(")"):
            size = 1 if mark == ord(")") else 4
            count = int.from_bytes(content[position : position + size], "little")
            position += size
            if count > len(content):
                raise ValueError("it holds a count that cannot be")
            wanted += "o" * count
        elif mark == ord("c"):
            wanted += reversed(layout)
        elif mark == ord("{"):
            wanted.append("d")
        elif mark == ord(":"):
            wanted += "ooo"
        elif mark == ord("l"):
            digits = int.from_bytes(content[position : position + 4], "little", signed=True)
            position += 4 + 2 * abs(digits)
        elif mark in b"fx":
            for _ in range(1 if mark == ord("f") else 2):
                position += 1 + content[position]
        elif mark in _FIXED:
            position += _FIXED[mark]
        else:
            raise ValueError(f"it holds a mark that no CPython writes: {mark}")
    if position != len(content):
        raise ValueError("there is something behind its end")
