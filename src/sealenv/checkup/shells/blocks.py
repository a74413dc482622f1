"""The blocks that `conda init` and its like write into profiles, between two lines of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from sealenv.checkup.shells.command import Comment

__all__ = ["Block", "find_blocks"]

_BEGIN = re.compile(r"(?:# >>> |#region )(?P<tool>conda|mamba|micromamba) initialize(?: >>>)?\s*")
_END = re.compile(r"# <<< (?P<tool>conda|mamba|micromamba) initialize <<<\s*|#endregion\s*")


@dataclass(frozen=True)
class Block:
    """One block, its two lines with it.

    Attributes:
        tool: whose: `conda`, `mamba`, `micromamba`.
        start: where its first line begins.
        end: behind its last line; of one that has no last line, behind the first.
        whole: whether it has a last line.
        depth: in how many compound commands it stands.
    """

    tool: str
    start: int
    end: int
    whole: bool
    depth: int = 0


def find_blocks(text: str, comments: Iterable[Comment]) -> list[Block]:
    """The blocks of a profile, told by its comments: what stands in quotes is none."""
    found: list[Block] = []
    begun: tuple[str, int, int, int] | None = None
    for comment in comments:
        start = text.rfind("\n", 0, comment.start) + 1
        if text[start : comment.start].strip(" \t\ufeff"):
            continue  # it stands behind a command
        start += text.startswith("\ufeff", start)
        end = text.find("\n", comment.start) + 1 or len(text)
        begin = _BEGIN.fullmatch(comment.text)
        last = _END.fullmatch(comment.text)
        if begin:
            if begun:
                found.append(Block(begun[0], begun[1], begun[2], whole=False))
            begun = (begin["tool"], start, end, comment.depth)
        elif last and begun and last["tool"] in (None, begun[0]):
            found.append(Block(begun[0], begun[1], end, whole=True, depth=begun[3]))
            begun = None
    if begun:
        found.append(Block(begun[0], begun[1], begun[2], whole=False))
    return found
