"""docs/reference/patches.md names every rule."""

from __future__ import annotations

from sealenv.portability.rules import POSIX_RULES, RULES
from tests.docs.tables import rows


def test_what_is_made_relative() -> None:
    assert rows("patches.md", "Made relative on Windows") == [
        [rule.pattern, rule.what] for rule in RULES
    ]


def test_what_is_made_relative_elsewhere() -> None:
    expected = [[rule.pattern, rule.what] for rule in POSIX_RULES]
    assert rows("patches.md", "Made relative elsewhere") == expected
