"""docs/reference/json.md shows the fields that each command prints; its schema accepts them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from docs.tools import json_schema
from sealenv.tour.channel import DemoChannel
from tests.answers import validate
from tests.docs.tables import REFERENCE
from tests.machine import Machine

OPEN = {"tools", "variables", "micromamba", "added", "removed", "changed", "forms"}
"""Objects whose keys depend on the request."""


def examples() -> dict[str, Any]:
    """The heading's command -> its example."""
    text = (REFERENCE / "json.md").read_text(encoding="utf-8")
    parts = [part.split("\n", 1) for part in re.split(r"^## ", text, flags=re.M)[1:]]
    found = {heading: re.search(r"```json\n(.*?)```", body, re.S) for heading, body in parts}
    return {heading.strip("`"): json.loads(m[1]) for heading, m in found.items() if m}


def shape(value: Any) -> Any:
    """Keys and kinds of a JSON value; of an array the first element stands for all."""
    if isinstance(value, dict):
        return {key: None if key in OPEN else shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def compare(documented: Any, printed: Any, where: str) -> None:
    """The same keys; an empty array says nothing about its elements."""
    if isinstance(documented, dict):
        assert set(documented) == set(printed), where
        for key in documented:
            compare(documented[key], printed[key], f"{where}.{key}")
    elif isinstance(documented, list) and documented and printed:
        compare(documented[0], printed[0], f"{where}[0]")


def test_every_command_with_json_is_documented() -> None:
    commands = json_schema.commands_with_json()
    assert {"verify", "cache info"} <= set(commands)
    assert [name for name in commands if name not in json_schema.RESULTS] == []
    assert [name for name in commands if name not in json_schema.examples()] == []


def test_the_examples_are_valid() -> None:
    for heading, example in examples().items():
        words = heading.removeprefix("sealenv ").split()
        validate(words, example, 2 if heading == "Errors" else 0)


@pytest.mark.slow
def test_the_examples_have_the_fields_that_are_printed(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    known = examples()
    python = demo_channel.python_minor
    env = f"docs_{python.replace('.', '_')}"
    create = ("create", "docs", python, "-c", demo_channel.url)
    printed = {
        "sealenv create ... --dry-run --json": warm_machine.json(*create, "--dry-run"),
        "sealenv create ... --json": warm_machine.json(*create),
        "sealenv list --size --json": warm_machine.json("list", "--size"),
        "sealenv info ENV --json": warm_machine.json("info", env),
        "sealenv which ENV CMD --json": warm_machine.json("which", env, "pip"),
        "sealenv bundle ENV --json": warm_machine.json("bundle", env),
        "sealenv mirror ENV DEST --json": warm_machine.json("mirror", env, "channel"),
    }
    damage(Path(printed["sealenv create ... --json"]["prefix"]))
    printed |= {
        "sealenv verify ENV --json": warm_machine.json("verify", env, code=1),
        "sealenv repair ENV --json": warm_machine.json("repair", env, code=1),
        "sealenv seal ENV -y --json": warm_machine.json("seal", env, "-y"),
        "sealenv audit ENV --fix --json": warm_machine.json("audit", env, "--fix"),
        "sealenv report ENV -o FILE --json": warm_machine.json("report", env, "-o", "report.html"),
        "sealenv cache info --json": warm_machine.json("cache", "info"),
        "sealenv cache clean --unpacked --tmp --json": warm_machine.json(
            "cache", "clean", "--tmp", SEALENV_CACHE=str(warm_machine.root / "another")
        ),
        "Errors": warm_machine.json("info", "nope", code=7),
        "sealenv clone ENV NEW --json": warm_machine.json("clone", env, "second"),
        "sealenv move ENV DEST --json": warm_machine.json("move", "second", "third"),
        "sealenv remove ENV -y --json": warm_machine.json("remove", env, "-y"),
    }
    lock = ("lock", "-c", demo_channel.url, "-o")
    warm_machine.run(*lock, "old.lock", "python", "pip")
    printed |= {
        "sealenv lock ... --json": warm_machine.json(*lock, "new.lock", "python"),
        "sealenv diff A B --json": warm_machine.json("diff", "old.lock", "new.lock", code=1),
        "sealenv export ... -o FILE --json": warm_machine.json("export", "new.lock", "-o", "x"),
    }
    (warm_machine.home / ".bashrc").write_text(
        "# >>> conda initialize >>>\nx\n# <<< conda initialize <<<\n"
    )
    only = ("doctor", "--only", "conda-init")
    printed |= {
        "sealenv doctor --json": warm_machine.json(*only, code=1),
        "sealenv doctor --fix ID -y --json": warm_machine.json(
            "doctor", "--fix", "conda-init", "-y"
        ),
        "sealenv doctor --undo -y --json": warm_machine.json("doctor", "--undo", "-y"),
    }
    assert set(known) == set(printed)
    for heading, example in known.items():
        compare(shape(example), shape(printed[heading]), heading)


def damage(prefix: Path) -> None:
    """Replace a file, as an editor does: the cache shares the old one."""
    record = json.loads(next((prefix / "conda-meta").glob("pip-*.json")).read_text())
    path = next(p["_path"] for p in record["paths_data"]["paths"] if p["_path"].endswith(".py"))
    (prefix / path).unlink()
    (prefix / path).write_text("x = 1\n")
    (prefix / "bin/own").write_text("mine\n")
