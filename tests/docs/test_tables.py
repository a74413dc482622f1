"""The tables of docs/reference are those of the code."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from docs.tools.errors_reference import classes
from sealenv.checks import CHECKS
from sealenv.checks.check import Check
from sealenv.portability.rules import POSIX_RULES, RULES
from sealenv.relocation.classify import FIXES, WHOSE
from sealenv.relocation.find import FORMS
from sealenv.seals.findings import KINDS
from tests.docs.tables import rows

NOT_ERRORS = {0, 1, 125, 126, 127}
"""Done; a finding; and what `run` and `shell` say of themselves."""


def check_row(check: Check) -> list[str]:
    """What the table says of a check."""
    return [
        check.id,
        "Windows" if check.windows else "all",
        check.title,
        check.why,
        check.fix or "-",
    ]


@pytest.mark.parametrize(
    ("file", "heading", "expected"),
    [
        ("audit.md", "Whose path it is", WHOSE.items()),
        ("audit.md", "What rewrites it", FIXES.items()),
        ("findings.md", "Findings", KINDS.items()),
        ("portability.md", "Forms", [[form] for form in FORMS]),
        ("doctor.md", "Checks", map(check_row, CHECKS)),
        ("patches.md", "Made relative on Windows", [[r.pattern, r.what] for r in RULES]),
        ("patches.md", "Made relative elsewhere", [[r.pattern, r.what] for r in POSIX_RULES]),
    ],
)
def test_a_table(file: str, heading: str, expected: Iterable[Any]) -> None:
    """The cells of the code come first in each row, in the order of the code."""
    wanted = [[_plain(cell) for cell in row] for row in expected]
    found = [[_plain(cell) for cell in row] for row in rows(file, heading)]
    assert len(found) == len(wanted)
    assert [row[: len(cells)] for row, cells in zip(found, wanted, strict=True)] == wanted


def _plain(cell: str) -> str:
    return cell.replace("`", "").removesuffix(".").lower()


def test_the_exit_codes() -> None:
    listed = [int(row[0]) for row in rows("exit-codes.md", "All codes")]
    assert listed == sorted(set(listed))
    assert set(listed) - NOT_ERRORS == {cls.exit_code for cls in classes()}
