"""docs/reference/audit.md names whose paths there are, and what rewrites them."""

from __future__ import annotations

import pytest

from sealenv.relocation.classify import FIXES, WHOSE
from tests.docs.tables import rows


@pytest.mark.parametrize(
    ("heading", "words"),
    [("Whose path it is", WHOSE), ("What rewrites it", FIXES)],
)
def test_every_word_in_order(heading: str, words: dict[str, str]) -> None:
    table = rows("audit.md", heading)
    assert [row[0] for row in table] == list(words)
    for word, meaning in words.items():
        described = next(row[1] for row in table if row[0] == word)
        assert described.lower() == f"{meaning}.".replace("`", "").lower()
