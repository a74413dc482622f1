"""Imports between folders (explanation/architecture.md), and the tests that invariants.md names."""

from __future__ import annotations

import ast
import graphlib
import re
from pathlib import Path

import pytest

from tests.docs.tables import rows

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "sealenv"
FILE = "../explanation/architecture.md"
ANYWHERE = {"_version"}


def folders() -> dict[str, int]:
    """Folder -> row."""
    return {
        folder: int(row[0])
        for row in rows(FILE, "Folders and imports")
        for folder in row[1].split(", ")
    }


def folder_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The modules of ours that a module imports, also inside functions; not for types alone."""
    found = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            nodes += node.orelse
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
            found.add(node.module or "")
        nodes += ast.iter_child_nodes(node)
    return {name for name in found if name.startswith("sealenv.")}


def arrows(path: Path) -> set[str]:
    """The folders that a module imports from."""
    return {name.split(".")[1] for name in imported(path)} - ANYWHERE


def test_every_module_is_in_a_folder() -> None:
    modules = {folder_of(path) for path in SRC.rglob("*.py")}
    assert modules - {"__init__", "__main__"} - ANYWHERE == set(folders())


def test_arrows_run_downward_only() -> None:
    row = folders()
    wrong = [
        f"{path.relative_to(SRC)} imports {target}"
        for path in SRC.rglob("*.py")
        if (folder := folder_of(path)) in row
        for target in arrows(path)
        if target != folder and row[target] <= row[folder]
    ]
    assert wrong == []


def test_no_circle_of_files() -> None:
    modules = {
        ".".join(path.relative_to(SRC.parent).with_suffix("").parts): path
        for path in SRC.rglob("*.py")
        if path.stem != "__init__"
    }
    graph = {name: imported(path) & modules.keys() - {name} for name, path in modules.items()}
    assert sum(map(len, graph.values())) > len(modules)
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


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
