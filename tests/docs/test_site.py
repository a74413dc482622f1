"""mkdocs.yml names every page, and the hook leads links out of docs/ to copies."""

from __future__ import annotations

import re
from pathlib import Path

from docs.tools.site import linked, page_of

ROOT = Path(__file__).parents[2]
NAV = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
NAMED = re.findall(r"^ *- (?:.*: )?(\S+\.md)$", NAV, re.M)


def test_every_page_is_named_once() -> None:
    found = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("docs/**/*.md")]
    pages = {page_of(path) for path in found if not path.startswith("docs/notes/")}
    assert len(NAMED) == len(set(NAMED))
    assert pages - set(NAMED) == set()


def test_every_name_is_a_page() -> None:
    assert set(NAMED) <= {page_of(path) for path in linked(ROOT)}
