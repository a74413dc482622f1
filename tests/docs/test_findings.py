"""docs/reference/findings.md names every kind of finding."""

from __future__ import annotations

from sealenv.seals.findings import KINDS
from tests.docs.tables import rows


def test_every_kind_in_order() -> None:
    table = rows("findings.md", "Findings")
    assert [row[0] for row in table] == list(KINDS)
    for kind, meaning in KINDS.items():
        described = next(row[1] for row in table if row[0] == kind)
        assert described.lower() == f"{meaning}.".replace("`", "").lower()
