"""The text of a PDF, sheet by sheet, as far as Chromium writes it: what stands on which.

No reader of PDF in general: objects in the open, streams plain or deflated, strings of glyphs in hex,
and each font with a table of what its glyphs say (ISO 32000-1, 9.10.3).
"""

from __future__ import annotations

import re
import zlib

__all__ = ["sheets"]

_SHOWN = re.compile(rb"/(\w+) [\d.]+ Tf|<([0-9A-Fa-f]+)>(?=[^\n]*T[jJ])|(\bET\b)")


def sheets(pdf: bytes) -> list[str]:
    """What stands on each sheet: one line for each piece of text, in the order it is drawn."""
    objects = {int(m[1]): m[2] for m in re.finditer(rb"(\d+) 0 obj\s*(.*?)endobj", pdf, re.DOTALL)}
    found = []
    for number in _pages(objects):
        page = objects[number]
        fonts = {
            name: _table(objects, int(font))
            for name, font in re.findall(rb"/(F\d+) (\d+) 0 R", page)
        }
        (content,) = re.findall(rb"/Contents (\d+) 0 R", page)
        found.append(_text(_stream(objects[int(content)]), fonts))
    return found


def _pages(objects: dict[int, bytes]) -> list[int]:
    """In the order of the tree, which may have levels."""

    def below(number: int) -> list[int]:
        kids = re.search(rb"/Kids \[(.*?)\]", objects[number], re.DOTALL)
        if kids is None:
            return [number]
        return [page for kid in re.findall(rb"(\d+) 0 R", kids[1]) for page in below(int(kid))]

    (top,) = (
        n for n, o in objects.items() if re.search(rb"/Type /Pages\b", o) and b"/Parent" not in o
    )
    return below(top)


def _stream(described: bytes) -> bytes:
    head, _, rest = described.partition(b"stream")
    data = rest.lstrip(b"\r\n").rpartition(b"endstream")[0]
    return zlib.decompressobj().decompress(data) if b"/FlateDecode" in head else data


def _table(objects: dict[int, bytes], font: int) -> dict[int, str]:
    """Glyph -> what it says."""
    told = re.search(rb"/ToUnicode (\d+) 0 R", objects[font])
    if told is None:
        return {}
    text = _stream(objects[int(told[1])])
    found = {}
    for kind, block in re.findall(rb"beginbf(char|range)(.*?)endbf", text, re.DOTALL):
        for line in block.strip().splitlines():
            codes = re.findall(rb"<([0-9A-Fa-f]+)>", line)
            first, last = int(codes[0], 16), int(codes[0 if kind == b"char" else 1], 16)
            says = bytes.fromhex(codes[-1].decode()).decode("utf-16-be")
            for glyph in range(first, last + 1):
                found[glyph] = says[:-1] + chr(ord(says[-1]) + glyph - first)
    return found


def _text(content: bytes, fonts: dict[bytes, dict[int, str]]) -> str:
    table: dict[int, str] = {}
    said = []
    for font, glyphs, end in _SHOWN.findall(content):
        if font:
            table = fonts.get(font, {})
        elif end:
            said.append("\n")
        else:
            said += [table.get(int(glyphs[i : i + 4], 16), "") for i in range(0, len(glyphs), 4)]
    return "".join(said)
