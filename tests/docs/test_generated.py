"""reference/cli.md and errors.md match the code; a failure names the command that updates them."""

from __future__ import annotations

import sealenv.errors
from docs.tools import cli_reference, errors_reference
from sealenv.errors import SealenvError


def test_the_page_of_commands_is_up_to_date() -> None:
    assert cli_reference.PAGE.read_text(encoding="utf-8") == cli_reference.page(), (
        "python -m docs.tools.cli_reference --write"
    )


def test_the_page_of_errors_is_up_to_date() -> None:
    assert errors_reference.PAGE.read_text(encoding="utf-8") == errors_reference.page(), (
        "python -m docs.tools.errors_reference --write"
    )


def test_every_error_that_is_public_has_a_remedy() -> None:
    public = {getattr(sealenv.errors, name) for name in sealenv.errors.__all__}
    errors = {cls for cls in public if isinstance(cls, type) and issubclass(cls, SealenvError)}
    assert set(errors_reference.classes()) == errors - {SealenvError}
    assert {cls.code for cls in errors_reference.classes()} == set(errors_reference.REMEDIES)
