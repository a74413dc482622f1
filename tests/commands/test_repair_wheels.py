"""Repair of what the environment's pip installed: files come out of the locked wheel."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.seals.seal import read_seal
from sealenv.tour.channel import DemoChannel
from tests.commands.test_create_pip import TOOL, spec
from tests.commands.test_repair import edit, everything, site
from tests.machine import Machine
from tests.pypi.index import Index, Wheel

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="pip's launchers hold the time there"),
]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "index")
    made.add(TOOL, Wheel("helper"))
    return made


@pytest.fixture
def made(warm_machine: Machine, demo_channel: DemoChannel, index: Index) -> tuple[Machine, Path]:
    answer = warm_machine.json(
        "create", "-f", str(spec(warm_machine, demo_channel, index.url, "hello-tool"))
    )
    return warm_machine, Path(answer["prefix"])


def test_it_comes_back(made: tuple[Machine, Path]) -> None:
    """Altered, missing, a wrong mode, and data; pip itself is damaged too."""
    machine, prefix = made
    before = everything(prefix)
    edit(site(prefix, "hello_tool/__init__.py"))
    site(prefix, "hello_tool-1.0.dist-info/METADATA").unlink()
    site(prefix, "hello_tool/broken.py").chmod(0o600)
    (prefix / "share/hello/x.txt").unlink()
    (prefix / "share/hello").rmdir()
    edit(site(prefix, "pip/__main__.py"))
    damaged = {"__init__.py", "METADATA", "broken.py", "x.txt", "__main__.py"}
    planned = machine.json("repair", str(prefix), "--dry-run")
    names = {Path(f["path"]).name for f in planned["repaired"]}
    assert damaged <= names
    answer = machine.json("repair", str(prefix), "--offline")
    assert answer["left"] == []
    assert {Path(f["path"]).name for f in answer["repaired"]} == names
    assert everything(prefix) == before
    assert verify(prefix).fingerprints.now == read_seal(prefix).fingerprints


def test_what_pip_makes_is_left(made: tuple[Machine, Path]) -> None:
    """A launcher and a RECORD are not in the wheel: the hint has the command."""
    machine, prefix = made
    edit(prefix / "bin/hello-tool")
    site(prefix, "helper-1.0.dist-info/RECORD").unlink()
    answer = machine.json("repair", str(prefix), "--offline", code=1)
    assert answer["repaired"] == []
    hints = {Path(f["path"]).name: f["hint"] for f in answer["left"]}
    assert hints.keys() == {"hello-tool", "RECORD"}
    command = f"sealenv run {prefix} -- pip install --force-reinstall --no-deps "
    assert all(command in hint and "#sha256=" in hint for hint in hints.values())


def test_what_is_not_locked_is_named(made: tuple[Machine, Path], index: Index) -> None:
    """And what pip replaced since is not taken back unasked."""
    machine, prefix = made
    index.add(Wheel("unlocked"), Wheel("helper", "2.0"))
    pip = ("run", "--clean", str(prefix), "--", "python", "-m", "pip", "-q", "install")
    machine.run(*pip, "--no-compile", "--index-url", index.url, "unlocked", "helper==2.0")
    edit(site(prefix, "unlocked.py"))
    edit(site(prefix, "helper.py"))
    changed = everything(prefix)
    answer = machine.json("repair", str(prefix), code=1)
    assert answer["repaired"] == []
    command = f"sealenv run {prefix} -- pip install --force-reinstall --no-deps "
    hints = {Path(f["path"]).name: f["hint"] for f in answer["left"] if f["kind"] == "altered"}
    assert hints == {
        "unlocked.py": f"its wheel is not locked: {command}unlocked==1.0",
        "helper.py": f"its wheel is not locked: {command}helper==2.0",
    }
    assert everything(prefix) == changed
