"""`python -m docs.tools.json_schema [--write]`: docs/reference/json.schema.json, from the result types.

Without --write it compares: exit code 1 when the file is not what the code says.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec

from docs.tools.generated import write_or_compare
from sealenv.cli.main import cli
from sealenv.commands.bundle import Bundled
from sealenv.commands.cache import CacheCleaned, CacheInfo
from sealenv.commands.clone import Cloned
from sealenv.commands.create import Created, Plan
from sealenv.commands.diff import Comparison
from sealenv.commands.doctor import Examined, Fixed, Undone
from sealenv.commands.environments import Info, Listing
from sealenv.commands.export import Exported
from sealenv.commands.lock import Locked
from sealenv.commands.mirror import Mirrored
from sealenv.commands.move import Moved
from sealenv.commands.remove import Removed
from sealenv.commands.repair import Repaired
from sealenv.commands.report import Reported
from sealenv.commands.seal import Sealed
from sealenv.commands.verify import Verified
from sealenv.commands.which import Resolution
from sealenv.errors import ErrorJson
from sealenv.relocation.audit import Audited

PAGE = Path(__file__).resolve().parents[1] / "reference" / "json.schema.json"
_EXAMPLES = PAGE.with_name("json.md")
_REF = "#/$defs/{name}"
_WARNINGS = {
    "type": "array",
    "items": {"type": "string"},
    "description": "what of this shell was not passed on",
}
"""Every result may have them (`cli.output.print_json`)."""

RESULTS: dict[str, Any] = {
    "create": Created,
    "create --dry-run": Plan,
    "lock": Locked,
    "diff": Comparison,
    "export": Exported,
    "bundle": Bundled,
    "mirror": Mirrored,
    "list": Listing,
    "info": Info,
    "verify": Verified,
    "repair": Repaired,
    "seal": Sealed,
    "audit": Audited,
    "report": Reported,
    "move": Moved,
    "clone": Cloned,
    "remove": Removed,
    "cache info": CacheInfo,
    "which": Resolution,
    "doctor": Examined,
    "doctor --fix": Fixed,
    "doctor --undo": Undone,
    "cache clean": CacheCleaned,
}
"""Command -> its result, if it does not fail."""


def page() -> str:
    """The whole file."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def schema() -> dict[str, Any]:
    """One definition a command, named as the command with `-` between its words."""
    known = {**RESULTS, "error": ErrorJson}
    shapes, parts = msgspec.json.schema_components(
        known.values(), schema_hook=_path, ref_template=_REF
    )
    commands = {key_of(name): shape for name, shape in zip(known, shapes, strict=True)}
    for result in RESULTS.values():
        part = parts[result.__name__]
        if dataclasses.is_dataclass(result):
            part["required"] = list(part["properties"])
        part["properties"].setdefault("warnings", _WARNINGS)
    for part in parts.values():
        _require(part)
        _describe(part)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What sealenv prints with --json",
        "description": "One definition a command: verify, cache-info, create--dry-run; error for all. "
        "Fields may be added in later versions.",
        "anyOf": [{"$ref": _REF.format(name=name)} for name in commands],
        "$defs": {**commands, **dict(sorted(parts.items()))},
    }


def _path(kind: type) -> dict[str, Any]:
    assert issubclass(kind, Path), kind
    return {"type": "string"}


def _describe(part: dict[str, Any]) -> None:
    """Copy the description of each attribute from the docstring to its property."""
    text, _, attributes = inspect.cleandoc(part.get("description", "")).partition("Attributes:\n")
    if not attributes:
        return
    part["description"] = text.strip()
    for item in re.split(r"\n(?=\S)", inspect.cleandoc(f"\n{attributes}")):
        name, _, meaning = " ".join(item.split()).partition(": ")
        if name in part["properties"]:
            part["properties"][name]["description"] = meaning


def _require(part: dict[str, Any]) -> None:
    """Require fields with a default too: they are printed, unless it is `msgspec.UNSET`."""
    properties = part.get("properties", {})
    given = {name for name, each in properties.items() if "default" in each}
    for name in given:
        del properties[name]["default"]
    required = given | {*part.get("required", ())}
    if required:
        part["required"] = [name for name in properties if name in required]


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
