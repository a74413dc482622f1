"""docs/explanation/architecture.md: the arrows between the rooms, and the tests it names."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.docs.tables import rows

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "sealenv"
FILE = "../explanation/architecture.md"
ANYWHERE = {"_version"}


def rooms() -> dict[str, int]:
    """Room -> row."""
    return {
        room: int(row[0]) for row in rows(FILE, "Rooms and arrows") for room in row[1].split(", ")
    }


def room_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def arrows(path: Path) -> set[str]:
    """The rooms that a module imports from, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module == "sealenv":
            names = [f"sealenv.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found |= {name.split(".")[1] for name in names if name.startswith("sealenv.")}
    return found - ANYWHERE


def test_every_module_is_in_a_room() -> None:
    modules = {room_of(path) for path in SRC.rglob("*.py")}
    assert modules - {"__init__", "__main__"} - ANYWHERE == set(rooms())


def test_arrows_run_downward_only() -> None:
    row = rooms()
    wrong = [
        f"{path.relative_to(SRC)} imports {target}"
        for path in SRC.rglob("*.py")
        if (room := room_of(path)) in row
        for target in arrows(path)
        if target != room and row[target] <= row[room]
    ]
    assert wrong == []


@pytest.mark.parametrize("row", rows(FILE, "Invariants"), ids=lambda row: row[0][:24])
def test_the_tests_that_are_named_exist(row: list[str]) -> None:
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", row[1])
    assert named or row[1].startswith("planned")
    for file, name in named:
        assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
