"""Is an answer with `--json` what docs/reference/json.schema.json says of it?"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from docs.tools.json_schema import commands_with_json, key_of, schema, strict


@functools.cache
def _validator(key: str) -> Any:
    from jsonschema import Draft202012Validator

    whole = _strict()
    return Draft202012Validator({"$ref": f"#/$defs/{key}", "$defs": whole["$defs"]})


@functools.cache
def _strict() -> dict[str, Any]:
    return strict(schema())


@functools.cache
def _commands() -> tuple[str, ...]:
    return tuple(commands_with_json())


_VARIANTS = {"create": ("--dry-run",), "doctor": ("--fix", "--undo")}
"""Options with which a command has another answer."""


def validate(arguments: Sequence[str], answer: Any, code: int) -> None:
    """Compare the answer of `sealenv ARGUMENTS --json` with its definition.

    A field that no type knows is an error too: the schema would be silent about it.
    """
    line = " ".join(arguments) + " "
    command = next((name for name in _commands() if line.startswith(f"{name} ")), None)
    key = key_of(command) if command else "error"
    for option in _VARIANTS.get(command or "", ()):
        if option in arguments:
            key = key_of(f"{command} {option}")
    if code not in {0, 1}:
        key = "error"
    problems = [f"{e.json_path}: {e.message}" for e in _validator(key).iter_errors(answer)]
    assert not problems, f"{key}: {problems[:5]}"
