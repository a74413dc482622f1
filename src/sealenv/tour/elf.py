"""Make an ELF file relocatable in place: RUNPATH entries inside the old prefix become `$ORIGIN`."""

from __future__ import annotations

import posixpath
import struct
from dataclasses import dataclass

from sealenv.errors import UsageError

__all__ = ["is_elf", "relocate", "runpaths"]

_PT_LOAD, _PT_DYNAMIC = 1, 2
_DT_NULL, _DT_STRTAB, _DT_RPATH, _DT_RUNPATH = 0, 5, 15, 29


@dataclass(frozen=True)
class _RunPath:
    offset: int
    text: str


def is_elf(data: bytes) -> bool:
    """Whether these bytes begin like an ELF file."""
    return data[:4] == b"\x7fELF"


def _find(data: bytes) -> list[_RunPath]:
    wide, order = data[4] == 2, "<" if data[5] == 1 else ">"
    header = struct.unpack_from(order + ("HHIQQQIHHH" if wide else "HHIIIIIHHH"), data, 16)
    phoff, phentsize, phnum = header[4], header[8], header[9]
    loads: list[tuple[int, int, int]] = []
    dynamic: tuple[int, int] | None = None
    for number in range(phnum):
        at = phoff + number * phentsize
        if wide:
            kind, _, offset, vaddr, _, filesz = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, vaddr, _, filesz = struct.unpack_from(order + "IIIII", data, at)
        if kind == _PT_LOAD:
            loads.append((vaddr, offset, filesz))
        elif kind == _PT_DYNAMIC:
            dynamic = (offset, filesz)
    if dynamic is None:
        return []
    entry = struct.Struct(order + ("qQ" if wide else "iI"))
    strtab, wanted = 0, []
    for at in range(dynamic[0], dynamic[0] + dynamic[1], entry.size):
        tag, value = entry.unpack_from(data, at)
        if tag == _DT_NULL:
            break
        if tag == _DT_STRTAB:
            strtab = value
        elif tag in (_DT_RPATH, _DT_RUNPATH):
            wanted.append(value)
    base = next((o + strtab - v for v, o, size in loads if v <= strtab < v + size), None)
    if base is None:
        return []
    found = []
    for value in wanted:
        start = base + value
        found.append(_RunPath(start, data[start : data.index(b"\0", start)].decode()))
    return found


def runpaths(data: bytes) -> list[str]:
    """The RPATH and RUNPATH texts of an ELF file."""
    return [found.text for found in _find(data)]


def relocate(data: bytes, path: str, old_prefix: str) -> bytes:
    """Point every RUNPATH entry inside `old_prefix` to the same place relative to the file.

    Args:
        data: the bytes of the ELF file.
        path: where it is in its prefix, relative, with `/`.
        old_prefix: the prefix that it was built for.

    Raises:
        UsageError: the relative form does not fit where the absolute one stood.
    """
    result = bytearray(data)
    for found in _find(data):
        entries = [_relative(entry, path, old_prefix) for entry in found.text.split(":")]
        new = ":".join(dict.fromkeys(entries)).encode()
        room = len(found.text.encode())
        if len(new) > room:
            raise UsageError(
                "A library path of this interpreter cannot be made relative: there is no room.",
                where=f"{path}: {found.text}",
                hint="Run sealenv with an interpreter that lives at a longer path.",
            )
        result[found.offset : found.offset + room] = new.ljust(room, b"\0")
    return bytes(result)


def _relative(entry: str, path: str, old_prefix: str) -> str:
    if entry != old_prefix and not entry.startswith(old_prefix + "/"):
        return entry
    inside = posixpath.relpath(entry, old_prefix)
    back = posixpath.relpath(inside, posixpath.dirname(path) or ".")
    return "$ORIGIN" if back == "." else f"$ORIGIN/{back}"
