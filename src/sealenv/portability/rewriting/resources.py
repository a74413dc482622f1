"""The interpreter of uv's launchers since 0.9: a resource of the program, `UV_PYTHON_PATH`.

What follows it in the section of resources moves on by as much as it grows; the tables are told. The
layout is that of Microsoft's "PE Format", sections `.rsrc` and "Section Table".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sealenv.portability.rewriting.change import (
    DOES_NOT_FIT,
    NOT_UNDERSTOOD,
    Change,
    Edit,
    Refusal,
    RefusedError,
)

__all__ = ["resource_edits"]

_RCDATA = 10
_NAME = "UV_PYTHON_PATH"
_RESOURCES, _CERTIFICATES = 2, 4


@dataclass(frozen=True)
class _Blob:
    """The data of one resource: where its entry is in the file, where it is loaded, its length."""

    entry: int
    rva: int
    size: int
    names: tuple[int | str, ...]


class _Image:
    """A program (PE), as far as its resources go."""

    def __init__(self, content: bytes) -> None:
        self.data = bytearray(content)
        header = self.u32(0x3C)
        if content[header : header + 4] != b"PE\0\0":
            raise _unknown("it has no header")
        self.optional = header + 24
        wide = self.u16(self.optional) == 0x20B
        self.directories = self.optional + (112 if wide else 96)
        first = self.optional + self.u16(header + 20)
        self.sections = [first + 40 * number for number in range(self.u16(header + 6))]
        self.section_alignment = self.u32(self.optional + 32)
        self.file_alignment = self.u32(self.optional + 36)
        rva = self.u32(self.directories + 8 * _RESOURCES)
        at = next((s for s in self.sections if self.u32(s + 12) == rva), None)
        if at is None or self.u32(self.directories + 8 * _CERTIFICATES):
            raise _unknown("its resources are not where they should be, or it is signed")
        self.section = at
        self.rva, self.raw = rva, self.u32(at + 20)

    def u16(self, at: int) -> int:
        return int.from_bytes(self.data[at : at + 2], "little")

    def u32(self, at: int) -> int:
        if at + 4 > len(self.data):
            raise _unknown("it is cut short")
        return int.from_bytes(self.data[at : at + 4], "little")

    def add(self, at: int, by: int) -> None:
        self.data[at : at + 4] = (self.u32(at) + by).to_bytes(4, "little")

    def blobs(self, table: int = 0, names: tuple[int | str, ...] = ()) -> Iterator[_Blob]:
        """All resources; a table is at that offset in the section."""
        start = self.raw + table
        for number in range(self.u16(start + 12) + self.u16(start + 14)):
            entry = start + 16 + 8 * number
            name, offset = self.u32(entry), self.u32(entry + 4)
            below = (*names, self._name(name) if name & 1 << 31 else name)
            if len(below) < 3 and offset & 1 << 31:
                yield from self.blobs(offset & ~(1 << 31), below)
            elif len(below) == 3 and not offset & 1 << 31:
                at = self.raw + offset
                yield _Blob(at, self.u32(at), self.u32(at + 4), below)

    def _name(self, offset: int) -> str:
        at = self.raw + (offset & ~(1 << 31))
        return self.data[at + 2 : at + 2 + 2 * self.u16(at)].decode("utf-16-le", "replace")

    def at(self, rva: int) -> int:
        return self.raw + rva - self.rva


def resource_edits(content: bytes, change: Change) -> list[Edit]:
    """What is to be changed in a launcher of uv.

    Raises:
        RefusedError: it is laid out in another way, or there is no room.
    """
    image = _Image(content)
    blobs = sorted(image.blobs(), key=lambda blob: blob.rva)
    path = next((b for b in blobs if b.names[:2] == (_RCDATA, _NAME)), None)
    if path is None:
        return []
    start = image.at(path.rva)
    before = content[start : start + path.size]
    after = change.apply(before)
    if after == before:
        return []
    step = _alignment(blobs)
    last = blobs[-1]
    used = last.rva + last.size - image.rva
    virtual = image.u32(image.section + 8)
    by = _up(len(after), step) - _up(len(before), step)
    new_used = used + (len(after) - len(before) if path is last else by)
    rounding = next((a for a in (1, step, image.file_alignment) if _up(used, a) == virtual), None)
    if rounding is None:
        raise _unknown("there is something behind its resources")
    new_virtual = _up(new_used, rounding)
    _check_room(image, new_virtual)
    raw = image.u32(image.section + 16)
    if raw != _up(virtual, image.file_alignment):
        raise _unknown("the section of its resources has another length")
    new_raw = _up(new_virtual, image.file_alignment)

    end = start + _up(path.size, step) if path is not last else start + path.size
    rest = bytes(image.data[end : image.raw + used])
    padded = after + bytes((_up(len(after), step) - len(after)) if path is not last else 0)
    body = bytes(image.data[image.raw : start]) + padded + rest
    body += bytes(new_raw - len(body))
    _tell(image, blobs, path, len(after), by)
    image.add(image.section + 8, new_virtual - virtual)
    image.add(image.directories + 8 * _RESOURCES + 4, new_virtual - virtual)
    _tell_sections(image, new_raw - raw)
    body = bytes(image.data[image.raw : start]) + body[start - image.raw :]  # with its tables told
    return [
        Edit(0, len(content), bytes(image.data[: image.raw] + body + image.data[image.raw + raw :]))
    ]


def _tell(image: _Image, blobs: list[_Blob], path: _Blob, size: int, by: int) -> None:
    image.add(path.entry + 4, size - path.size)
    for blob in blobs:
        if blob.rva > path.rva:
            image.add(blob.entry, by)


def _tell_sections(image: _Image, by: int) -> None:
    """The section is that much longer in the file."""
    image.add(image.section + 16, by)
    image.add(image.optional + 8, by)  # SizeOfInitializedData
    for section in image.sections:
        if image.u32(section + 20) > image.raw:
            image.add(section + 20, by)
    end = max(image.u32(s + 12) + image.u32(s + 8) for s in image.sections)
    size = image.u32(image.optional + 56)
    image.add(image.optional + 56, _up(end, image.section_alignment) - size)


def _check_room(image: _Image, virtual: int) -> None:
    following = [image.u32(s + 12) for s in image.sections if image.u32(s + 12) > image.rva]
    if following and image.rva + virtual > min(following):
        over = image.rva + virtual - min(following)
        raise RefusedError(
            Refusal(DOES_NOT_FIT, "there is no room for it in the section of resources", over)
        )


def _alignment(blobs: list[_Blob]) -> int:
    """What each of them starts at a multiple of, behind the one before it."""
    for step in (8, 4, 1):
        if all(_up(a.rva + a.size, step) == b.rva for a, b in itertools.pairwise(blobs)):
            return step
    raise _unknown("its resources do not lie one behind the other")


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _unknown(why: str) -> RefusedError:
    return RefusedError(Refusal(NOT_UNDERSTOOD, f"a launcher that cannot be read: {why}"))
