"""docs/reference/exit-codes.md lists every code of an error: no more, no less."""

from __future__ import annotations

from docs.tools.errors_reference import classes
from tests.docs.tables import rows

NOT_ERRORS = {0, 1, 125, 126, 127}
"""Done; a finding; and what `run` and `shell` say of themselves."""


def test_the_table_of_exit_codes_is_that_of_the_errors() -> None:
    listed = [int(row[0]) for row in rows("exit-codes.md", "All codes")]
    assert listed == sorted(set(listed))
    assert set(listed) - NOT_ERRORS == {cls.exit_code for cls in classes()}
