"""A zip at the end of a launcher, and what it holds: `__main__.py`, as it is or deflated.

Only members that are stored as they are can be rewritten: nothing compresses to the same bytes twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from sealenv.portability.rewriting.change import NOT_UNDERSTOOD, Change, Refusal, RefusedError

__all__ = ["END", "Archive", "Member"]

END = b"PK\x05\x06"
_END_SIZE = 22
_CENTRAL = b"PK\x01\x02"
_CENTRAL_SIZE = 46
_LOCAL = b"PK\x03\x04"
_LOCAL_SIZE = 30
_STORED, _DEFLATED = 0, 8
_BIGGEST = 16 << 20


@dataclass(frozen=True)
class Member:
    """One entry of the directory; offsets in the content."""

    entry: int
    local: int
    start: int
    end: int
    method: int


class Archive:
    """Where it is in what holds it.

    Attributes:
        start: of its first byte.
        end: behind its last one.
        absolute: its offsets count from the start of what holds it, not from its own.
    """

    def __init__(self, content: bytes, central: int, end: int, base: int) -> None:
        self._content = content
        self._central = central
        self._tail = end
        self._base = base
        self.absolute = base == 0
        self.members = sorted(self._read(), key=lambda member: member.local)
        self.start = self.members[0].local if self.members else central
        comment = int.from_bytes(content[end + 20 : end + 22], "little")
        self.end = end + _END_SIZE + comment

    @classmethod
    def of(cls, content: bytes) -> Archive | None:
        """None: there is none, or it cannot be read."""
        end = content.rfind(END)
        if end < 0 or len(content) < end + _END_SIZE:
            return None
        central = end - _u32(content, end + 12)
        base = central - _u32(content, end + 16)
        if base < 0 or content[central : central + 4] not in (_CENTRAL, END):
            return None
        archive = cls(content, central, end, base)
        good = all(content[m.local : m.local + 4] == _LOCAL for m in archive.members)
        return archive if good else None

    def _read(self) -> Iterator[Member]:
        content, position = self._content, self._central
        while content[position : position + 4] == _CENTRAL:
            local = self._base + _u32(content, position + 42)
            start = local + _LOCAL_SIZE + _u16(content, local + 26) + _u16(content, local + 28)
            method = _u16(content, position + 10)
            yield Member(position, local, start, start + _u32(content, position + 20), method)
            position += _CENTRAL_SIZE + sum(_u16(content, position + at) for at in (28, 30, 32))

    def data(self, member: Member) -> bytes:
        """What a member holds; nothing if it cannot be told."""
        raw = self._content[member.start : member.end]
        if member.method == _STORED:
            return raw
        try:
            return zlib.decompressobj(-15).decompress(raw, _BIGGEST)
        except zlib.error:
            return b""

    def rewritten(self, change: Change, moved: int = 0) -> bytes:
        """It, with the texts in it rewritten.

        Args:
            change: the places.
            moved: how many bytes further on it will start; for `absolute` ones.

        Raises:
            RefusedError: the path is in a member that is compressed.
        """
        content, out, position = self._content, bytearray(), self.start
        central = bytearray(content[self._central : self._tail])
        for member in self.members:
            before = self.data(member)
            after = change.apply(before)
            out += content[position : member.local]
            local = bytearray(content[member.local : member.start])
            at = member.entry - self._central
            shift = len(out) - (member.local - self.start) + (moved if self.absolute else 0)
            _put(central, at + 42, _u32(central, at + 42) + shift)
            if after != before:
                if member.method != _STORED or _u16(local, 6) & 8:
                    raise RefusedError(
                        Refusal(NOT_UNDERSTOOD, "the path is in a compressed member of its archive")
                    )
                if b"\0" in before:
                    raise RefusedError(
                        Refusal(
                            NOT_UNDERSTOOD, "the path is in a member of its archive that is no text"
                        )
                    )
                for number, value in enumerate((zlib.crc32(after), len(after), len(after))):
                    _put(local, 14 + 4 * number, value)
                    _put(central, at + 16 + 4 * number, value)
                out += local + after
            else:
                out += local + content[member.start : member.end]
            position = member.end
        out += content[position : self._central]
        tail = bytearray(content[self._tail : self.end])
        grown = self.start + len(out) - self._central + (moved if self.absolute else 0)
        _put(tail, 16, _u32(tail, 16) + grown)
        return bytes(out + central + tail)


def _u16(data: bytes | bytearray, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


def _u32(data: bytes | bytearray, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "little")


def _put(data: bytearray, at: int, value: int) -> None:
    data[at : at + 4] = value.to_bytes(4, "little")
