"""`python -m docs.tools.json_schema [--write]`: docs/reference/json.schema.json, from types of answers.

A command that has `--json` and no type in sealenv/cli/answers.py gets what its example in
docs/reference/json.md shows, more loosely. Without --write it compares: exit code 1 when the file is not
what the code says.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from docs.tools.generated import write_or_compare
from sealenv.cli.answers import ANSWERS, Error
from sealenv.cli.main import cli

__all__ = ["PAGE", "commands_with_json", "examples", "key_of", "page", "schema", "strict"]

PAGE = Path(__file__).resolve().parents[1] / "reference" / "json.schema.json"
_EXAMPLES = PAGE.with_name("json.md")
_REF = "#/$defs/{name}"


def page() -> str:
    """The whole file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """One definition a command, named as the command with `-` between its words."""
    known = {**ANSWERS, "error": Error}
    shapes, parts = msgspec.json.schema_components(known.values(), ref_template=_REF)
    commands = {key_of(name): shape for name, shape in zip(known, shapes, strict=True)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What sealenv prints with --json",
        "description": "One definition a command: verify, cache-info, create--dry-run; error for all. "
        "Fields may be added in later versions.",
        "anyOf": [{"$ref": _REF.format(name=name)} for name in commands],
        "$defs": {**commands, **dict(sorted(parts.items()))},
    }


def key_of(command: str) -> str:
    """The name of a command's definition."""
    return command.replace(" ", "-")


def commands_with_json() -> list[str]:
    """`verify`, `cache info` ...: all that have the option."""
    return [name for name, command in _walk(cli, "") if _has_json(command)]


def _walk(group: click.Group, before: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _walk(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def _has_json(command: click.Command) -> bool:
    return any("--json" in option.opts for option in command.params)


def examples() -> dict[str, Any]:
    """Command -> its example in json.md; where it has several, the first one."""
    text = _EXAMPLES.read_text(encoding="utf-8")
    found: dict[str, Any] = {}
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, body = part.partition("\n")
        example = re.search(r"```json\n(.*?)```", body, re.S)
        words = re.match(r"`sealenv ((?:[a-z]+ ?)+)", heading)
        if example and words:
            known = words[1].strip()
            found.setdefault(known, json.loads(example[1]))
    return found


def strict(whole: dict[str, Any]) -> dict[str, Any]:
    """The same for tests: no field that the types do not know."""
    parts = {name: _closed(part) for name, part in whole["$defs"].items()}
    return {**whole, "$defs": parts}


def _closed(part: Any) -> Any:
    if isinstance(part, list):
        return [_closed(each) for each in part]
    if not isinstance(part, dict):
        return part
    closed = {key: _closed(value) for key, value in part.items()}
    if isinstance(part.get("properties"), dict) and "additionalProperties" not in part:
        closed["additionalProperties"] = False
    return closed


if __name__ == "__main__":
    sys.exit(write_or_compare(PAGE, page, "docs.tools.json_schema"))
