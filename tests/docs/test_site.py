"""mkdocs.yml names every page, and the hook leads links out of docs/ to copies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs.tools.site import linked, page_of, plain_pipes, resolved

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


def test_a_bar_in_code_in_a_table_has_no_backslash() -> None:
    assert plain_pipes("| `a\\|b` \\| |\n`a\\|b`\n") == "| `a|b` \\| |\n`a\\|b`\n"


@pytest.mark.parametrize(
    ("origin", "target", "path"),
    [
        ("docs/how-to/cmd.md", "../../bootstrap/get_sed.bat", "bootstrap/get_sed.bat"),
        ("README.md", "docs/how-to/cmd.md", "docs/how-to/cmd.md"),
        ("bootstrap/README.md", "../docs/reference/lock.md", "docs/reference/lock.md"),
    ],
)
def test_where_a_link_leads(origin: str, target: str, path: str) -> None:
    assert resolved(origin, target) == path


def light(drawing: Path) -> bool:
    """Whether the first rectangle, the ground, has a light colour."""
    ground = re.search(r'<rect[^>]*fill="#(\w{6})"', drawing.read_text(encoding="utf-8"))
    assert ground, drawing
    return sum(bytes.fromhex(ground[1])) > 3 * 128
