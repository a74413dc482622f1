"""Managed blocks: what `conda init` and similar commands write into a profile between two lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sealenv.checkup.text import lines_of

__all__ = ["Block", "find_blocks"]

_TOOLS = r"(?P<tool>conda|mamba|micromamba)"
_BEGIN = re.compile(rf"(?:# >>> |#region ){_TOOLS} initialize(?: >>>)?")
_END = re.compile(rf"# <<< {_TOOLS} initialize <<<|#endregion")
_OPENS = re.compile(
    r"(?:\{|\(|\bthen|\bdo|\belse)$|^(?:if|for|while|function|begin)\b(?!.*\b(?:fi|done|end)$)"
)
"""A line after which a shell expects a command: without the block there would be none."""


@dataclass(frozen=True)
class Block:
    """One managed block, with its first and its last line.

    Attributes:
        tool: the tool whose block it is.
        start: where its first line begins, in characters.
        end: the end of its last line; of a block without a last line, the end of the first.
        whole: whether it has a last line.
        active: whether it holds anything other than comments.
        nested: whether it is part of another command, such as an `if` or a function.
    """

    tool: str
    start: int
    end: int
    whole: bool
    active: bool
    nested: bool


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the managed blocks of a profile, in order."""
    begun: Block | None = None
    active = False
    before = ""
    for start, end in lines_of(text):
        raw = text[start:end].lstrip("\ufeff")
        line = raw.strip()
        begin, last = _BEGIN.fullmatch(line), _END.fullmatch(line)
        if begin:
            if begun:
                yield begun
            nested = raw[:1].isspace() or _OPENS.search(before) is not None
            first = end - len(raw)  # a byte order mark stays
            begun = Block(begin["tool"], first, end, whole=False, active=True, nested=nested)
            active = False
        elif last and begun and last["tool"] in (None, begun.tool):
            yield Block(begun.tool, begun.start, end, True, active, begun.nested)
            begun = None
        elif line and not line.startswith("#"):
            active = True
        before = line or before
    if begun:
        yield begun
