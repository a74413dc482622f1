"""The arrows between the rooms (explanation/architecture.md), and the tests that invariants.md names."""

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


def invariants() -> dict[str, str]:
    """Heading -> its text."""
    text = (ROOT / "docs" / "explanation" / "invariants.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (\d\. .+)\n", text, flags=re.M)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def test_there_are_eight_invariants() -> None:
    assert [heading[:3] for heading in invariants()] == [f"{number}. " for number in range(1, 9)]


@pytest.mark.parametrize("heading", invariants())
def test_the_tests_that_are_named_exist(heading: str) -> None:
    named = re.findall(r"(tests/[\w/]+\.py)::(\w+)", invariants()[heading])
    assert named
    for file, name in named:
        assert re.search(rf"^ *def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.M)
