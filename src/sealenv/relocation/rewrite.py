"""Decide how a file of any kind gets the new path of its environment.

- Text: each occurrence becomes the new path in the same form.
- Programs keep their length. A shorter string is padded with NULs. A longer one needs NULs that are
  known to be free: the record of the package names its `prefix_placeholder`, so each path in a string
  had room for that many bytes (conda, `core/portability.py`, `binary_replace`).
- Compiled Python is deleted: Python writes it again.
- Launchers: see `interpreter`.
- Other data changes only if every length stays.
"""

from __future__ import annotations

from sealenv.relocation.edits import Change, Edit, Hints, RefusedError, Rewriting
from sealenv.relocation.find import Data, Occurrence, in_compiled, is_compiled, occurrences
from sealenv.relocation.interpreter import first_line, is_launcher, is_zip, launcher_edits

__all__ = ["rewrite"]

_NO_HINTS = Hints()
_MACHO = (
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"\xca\xfe\xba\xbf",
)
_MAGIC = (b"\x7fELF", b"MZ", b"!<arch>\n", b"BC\xc0\xde", b"\0asm", *_MACHO)
"""ELF, Mach-O, PE, object files and static libraries: their strings end with a NUL."""


def rewrite(path: str, data: Data, change: Change, hints: Hints = _NO_HINTS) -> Rewriting:
    """Decide how a file gets the new path. A file that was rewritten needs no change.

    Args:
        path: relative to the prefix, with `/`.
        data: its bytes.
        change: the paths.
        hints: what the record of its package says.

    Raises:
        RefusedError: the file cannot hold the new path.
    """
    head = data[:16]
    if is_compiled(path, head):
        return Rewriting(delete=next(in_compiled(data, change.old), None) is not None)
    if is_launcher(path, data):
        return Rewriting(launcher_edits(data, change))
    if hints.file_mode == "text" or (hints.file_mode is None and data.find(b"\0") < 0):
        return Rewriting(_text_edits(data, change))
    if hints.file_mode == "binary" or head.startswith(_MAGIC):
        edits = _program_edits(data, change, hints.placeholder or 0)
        return Rewriting(edits, unsigned=bool(edits) and head.startswith(_MACHO))
    return Rewriting(_data_edits(data, change))


def _text_edits(data: Data, change: Change) -> list[Edit]:
    line = first_line(data, change)
    edits = change.edits(data)
    return [line, *(edit for edit in edits if edit.start >= line.end)] if line else edits


def _data_edits(data: Data, change: Change) -> list[Edit]:
    """Edit data of an unknown format only if every length stays, and if it has no checksums."""
    edits = change.edits(data)
    sums = bool(edits) and is_zip(data)
    if sums or any(edit.growth for edit in edits):
        what = "it is data of a format whose strings cannot be changed safely"
        raise RefusedError(what, same_length=not sums)
    return edits


def _program_edits(data: Data, change: Change, placeholder: int) -> list[Edit]:
    """Edit each string of a program that holds the path; `placeholder` is the room for one path."""
    strings: dict[int, list[Occurrence]] = {}
    end = 0
    for found in occurrences(data, change.old):
        if found.start >= end:
            end = data.find(b"\0", found.end)
            end = len(data) if end < 0 else end
        strings.setdefault(end, []).append(found)
    return [_string_edit(data, found, end, change, placeholder) for end, found in strings.items()]


def _string_edit(
    data: Data, string: list[Occurrence], end: int, change: Change, placeholder: int
) -> Edit:
    """Edit one string, from the first path in it to its end."""
    start = string[0].start
    edits = [Edit(old - start, stop - start, new) for old, stop, new in map(change.edit, string)]
    after = Rewriting(edits).apply(data[start:end])
    growth = len(after) - (end - start)
    if growth > 0:
        promised = sum(max(placeholder - (o.end - o.start), 0) for o in string)
        behind = data[end : end + growth + 2]
        nuls = len(behind) - len(behind.lstrip(b"\0"))
        free = min(promised, max(nuls - 1, 0))
        if growth > free:
            raise RefusedError(
                f"at offset {start} there is room for {end - start + free} bytes, "
                f"and {len(after)} are needed",
                growth - free,
            )
    return Edit(start, end + max(growth, 0), after + bytes(max(-growth, 0)))
