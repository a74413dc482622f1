"""A walkthrough of a script quotes lines that the script has."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    page
    for page in sorted((ROOT / "docs").rglob("*.md"))
    if "<!-- quotes: " in page.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_step_quotes_the_script(page: Path) -> None:
    parts = page.read_text(encoding="utf-8").split("<!-- quotes: ")[1:]
    for part in parts:
        name, _, text = part.partition(" -->")
        script = (ROOT / name).read_text(encoding="utf-8")
        quoted = re.findall(r"```text\n(.*?)```", text.partition("\n## ")[0], re.S)
        assert quoted
        for lines in quoted:
            assert lines in script, lines
