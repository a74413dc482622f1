"""The interpreter of uv's newer launchers: a resource of the program, `UV_PYTHON_PATH`.

Another one, `UV_SCRIPT_DATA`, is the zip. What follows in the section of resources moves on by as much
as they grow, and the tables are told. The layout is that of Microsoft's "PE Format", "The .rsrc Section"
and "Section Table".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from sealenv.portability.rewriting.archives import Archive
from sealenv.portability.rewriting.change import (
    DOES_NOT_FIT,
    NOT_UNDERSTOOD,
    Change,
    Refusal,
    RefusedError,
)
from sealenv.portability.rewriting.edits import Edit

__all__ = ["resource_edits"]

_RCDATA = 10
_NAME = "UV_PYTHON_PATH"
_SCRIPT = "UV_SCRIPT_DATA"
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
    before = [content[image.at(b.rva) : image.at(b.rva) + b.size] for b in blobs]
    after = [_rewritten(b, data, change) for b, data in zip(blobs, before, strict=True)]
    if after == before:
        return []
    step = _alignment(blobs)
    used = blobs[-1].rva + blobs[-1].size - image.rva
    virtual, raw = image.u32(image.section + 8), image.u32(image.section + 16)
    roundings = (1, step, image.file_alignment)
    rounding = next((a for a in roundings if _up(used, a) == virtual), None)
    if rounding is None or raw != _up(virtual, image.file_alignment):
        raise _unknown("there is something behind its resources")

    laid = b""
    for blob, data in zip(blobs, after, strict=True):
        laid += bytes(_up(blobs[0].rva + len(laid), step) - blobs[0].rva - len(laid))
        image.add(blob.entry, blobs[0].rva + len(laid) - blob.rva)
        image.add(blob.entry + 4, len(data) - blob.size)
        laid += data
    start = image.at(blobs[0].rva)
    new_virtual = _up(start - image.raw + len(laid), rounding)
    _check_room(image, new_virtual)
    new_raw = _up(new_virtual, image.file_alignment)
    end = image.raw + raw
    image.add(image.section + 8, new_virtual - virtual)
    image.add(image.directories + 8 * _RESOURCES + 4, new_virtual - virtual)
    _tell_sections(image, new_raw - raw)
    body = laid.ljust(image.raw + new_raw - start, b"\0")
    return [Edit(0, end, bytes(image.data[:start]) + body)]


def _rewritten(blob: _Blob, data: bytes, change: Change) -> bytes:
    if blob.names[:2] == (_RCDATA, _NAME):
        return change.apply(data)
    if blob.names[:2] == (_RCDATA, _SCRIPT):
        archive = Archive.of(data)
        return archive.rewritten(change) if archive and archive.end == len(data) else data
    return data


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
    for step in (1, 4, 8):
        if all(_up(a.rva + a.size, step) == b.rva for a, b in itertools.pairwise(blobs)):
            return step
    raise _unknown("its resources do not lie one behind the other")


def _up(value: int, step: int) -> int:
    return -(-value // step) * step


def _unknown(why: str) -> RefusedError:
    return RefusedError(Refusal(NOT_UNDERSTOOD, f"a launcher that cannot be read: {why}"))
