"""docs/reference/doctor.md lists every check as the code has it."""

from __future__ import annotations

import re

from sealenv.checks import CHECKS
from sealenv.checks.check import Check
from tests.docs.tables import REFERENCE, rows

HOW_TO = REFERENCE.parent / "how-to" / "clean-machine.md"


def row(check: Check) -> list[str]:
    """What the table says of a check."""
    names = {"posix": "POSIX", "windows": "Windows"}
    where = names[check.platforms[0]] if len(check.platforms) == 1 else "all"
    severities = ", ".join(check.severities)
    cells = [check.id, where, severities, check.title, check.why, check.fix or "-"]
    return [cell.replace("`", "") for cell in cells]


def test_the_table_is_the_catalogue() -> None:
    assert rows("doctor.md", "Checks") == [row(check) for check in CHECKS]


def test_the_how_to_names_checks_that_there_are() -> None:
    named = set(re.findall(r"--(?:fix|only|undo) ([a-z-]+)", HOW_TO.read_text(encoding="utf-8")))
    assert named
    assert named <= {check.id for check in CHECKS}
