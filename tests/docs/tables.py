"""Read Markdown tables of docs/reference."""

from __future__ import annotations

import re
from pathlib import Path

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def section(file: str, heading: str) -> str:
    """The text under one heading, up to the next one of any level."""
    text = (REFERENCE / file).read_text(encoding="utf-8")
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#|\Z)", text, re.M | re.S)
    assert found, f"{file} has no heading {heading!r}"
    return found[1]


def rows(file: str, heading: str) -> list[list[str]]:
    """The cells of the one table under a heading, without its head, without back-quotes."""
    lines = [line for line in section(file, heading).splitlines() if line.startswith("|")]
    assert len(lines) > 2, f"{file}: no table under {heading!r}"
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]
    return [[cell.replace("`", "") for cell in row] for row in cells]
