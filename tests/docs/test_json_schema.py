"""json.schema.json is what the code says, and the examples of json.md are valid."""

from __future__ import annotations

import pytest

from docs.tools import json_schema
from tests.answers import validate
from tests.docs.test_json import examples


def test_the_file_is_up_to_date() -> None:
    assert json_schema.PAGE.read_text(encoding="utf-8") == json_schema.page(), (
        "python -m docs.tools.json_schema --write"
    )


def test_every_command_with_json_is_in_it_and_documented() -> None:
    commands = json_schema.commands_with_json()
    assert {"verify", "cache info"} <= set(commands)
    assert [name for name in commands if name not in json_schema.RESULTS] == []
    assert [name for name in commands if name not in json_schema.examples()] == []


@pytest.mark.parametrize("heading", examples())
def test_the_examples_are_valid(heading: str) -> None:
    words = heading.removeprefix("sealenv ").split()
    validate(words, examples()[heading], 2 if heading == "Errors" else 0)
