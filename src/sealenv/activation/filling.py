"""Markers in the templates of scripts."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["fill"]


def fill(text: str, marker: str, lines: Iterable[str]) -> str:
    """Replace each line that holds the marker alone by the lines, with its indent."""
    out = []
    for line in text.split("\n"):
        if line.strip() == f"__SEALENV_{marker}__":
            indent = line[: len(line) - len(line.lstrip())]
            out += [indent + new for new in lines]
        else:
            out.append(line)
    return "\n".join(out)
