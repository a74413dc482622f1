"""docs/reference/patches.md names every rule, and every file that is left."""

from __future__ import annotations

from sealenv.portability.patch import LEFT, RULES
from tests.docs.tables import rows


def test_what_is_made_relative() -> None:
    assert rows("patches.md", "Made relative") == [[rule.pattern, rule.what] for rule in RULES]


def test_what_is_left() -> None:
    assert rows("patches.md", "Left") == [[pattern, why] for pattern, why in LEFT]
