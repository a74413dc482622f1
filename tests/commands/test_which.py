"""`sealenv which` on the command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.which import windows_candidates
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="tests/windows/test_which.py")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("which"), cache=warm_cache)
    minor = demo_channel.python_minor
    machine.create("e", demo_channel, "--no-pyc", f"--with=python={minor}")
    return machine


def states(answer: dict[str, Any], root: Path) -> list[tuple[str, str]]:
    return [(os.path.relpath(c["path"], root), c["state"]) for c in answer["candidates"]]


@pytest.mark.parametrize("name", ["python", "conda", "ls", "nope"])
def test_an_activated_shell_says_the_same(made: Machine, name: str) -> None:
    code = 1 if name == "nope" else 0
    answer = made.json("which", "e", name, code=code)
    runs = [c["path"] for c in answer["candidates"] if c["state"] == "runs"]
    assert answer["found"] is (code == 0)
    for shell, options in (("bash", ["--norc", "--noprofile"]), ("zsh", ["-f"]), ("dash", [])):
        line = f". {made.envs / 'e'}/activate.sh; command -v {name}"
        asked = subprocess.run(
            [require_shell(shell), *options, "-c", line],
            env=made.env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert runs == asked.stdout.split(), shell


def test_the_owner(made: Machine) -> None:
    (pip, *_) = made.json("which", "e", "pip")["candidates"]
    assert pip["owner"].startswith("pip ")
    said = made.run("which", "e", "pip").stdout.splitlines()
    assert said[:3] == [
        f"runs         {made.envs / 'e'}/bin/pip",
        f"{'':<14} first on PATH",
        f"{'':<14} package: {pip['owner']}",
    ]


def test_a_shell_that_is_not_clean_is_a_warning(made: Machine, tmp_path: Path) -> None:
    other = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    answer = made.json("which", "e", "python", PATH=f"{other}/bin:{made.env['PATH']}")
    assert states(answer, tmp_path)[1] == ("venv/bin/python", "shadowed")
    (warning,) = answer["warnings"]
    assert "not clean" in warning


def test_the_wrappers_of_conda_and_mamba_on_linux(tmp_path: Path, channels: Channels) -> None:
    """Note 4 of the original document: wrapper and program, and which of them a name means."""
    machine = Machine(tmp_path)
    machine.create("w", channels.main_url, "--platform=win-64", "--with=python=3.12")
    prefix = machine.envs / "w"
    answer = machine.json("which", "w", "mamba")
    assert answer["shell"] == "cmd"
    assert states(answer, prefix) == [
        ("condabin/mamba.bat", "runs"),
        ("Library/bin/mamba.exe", "shadowed"),
    ]
    assert answer["candidates"][0]["owner"].startswith("mamba ")
    assert states(machine.json("which", "w", "conda"), prefix)[0] == ("condabin/conda.bat", "runs")
    assert machine.json("which", "w", "ls", code=1)["candidates"] == []


@pytest.mark.parametrize("args", [("e",), ("e", ""), ("e", "./python")])
def test_usage(made: Machine, args: tuple[str, ...]) -> None:
    made.run("which", *args, code=2)


def listed(name: str, folders: list[str]) -> list[tuple[str, str]]:
    return [(Path(c.path).name, c.state.value) for c in windows_candidates(name, folders)]


def test_an_earlier_folder_wins_and_then_the_order_of_pathext(tmp_path: Path) -> None:
    files = {
        "condabin": ["tool.bat", "script.ps1"],
        "bin": ["tool.exe", "Tool.CMD", "tool", "two.cmd", "two.bat", "script.cmd"],
    }
    for folder, names in files.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"")
    (tmp_path / "condabin" / "two.exe").mkdir()
    folders = [str(tmp_path / "condabin"), str(tmp_path / "bin")]
    assert listed("tool", folders) == [
        ("tool.bat", "runs"),
        ("tool.exe", "shadowed"),
        ("Tool.CMD", "shadowed"),
    ]
    assert listed("TOOL", folders[1:])[0] == ("tool.exe", "runs")
    assert listed("two", folders) == [("two.bat", "runs"), ("two.cmd", "shadowed")]
    assert listed("script", folders) == [("script.cmd", "runs")]
    assert listed("script.ps1", folders[::-1]) == [("script.ps1", "runs")]
