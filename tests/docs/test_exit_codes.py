"""docs/reference/exit-codes.md lists every error with its code: no more, no less."""

from __future__ import annotations

import sealenv.errors
from sealenv.errors import SealenvError
from tests.docs.tables import rows


def every_error() -> dict[str, tuple[str, int]]:
    classes = [getattr(sealenv.errors, name) for name in sealenv.errors.__all__]
    return {
        cls.__name__: (cls.code, cls.exit_code)
        for cls in classes
        if isinstance(cls, type) and issubclass(cls, SealenvError) and cls is not SealenvError
    }


def test_the_table_of_errors_is_the_tree_of_errors() -> None:
    documented = {row[2]: (row[0], int(row[1])) for row in rows("exit-codes.md", "Errors")}
    assert documented == every_error()


def test_the_table_of_exit_codes_names_each_code_once() -> None:
    listed = [int(row[0]) for row in rows("exit-codes.md", "All codes") if row[0].isdigit()]
    assert sorted(listed) == sorted(set(listed))
    assert {code for _, code in every_error().values()} <= set(listed)
