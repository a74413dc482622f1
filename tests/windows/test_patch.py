"""Patched files do their work from another place, in the programs that read them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.windows.machine import Windows
from tests.windows.prefixes import create_on_this_machine


@pytest.fixture(scope="module")
def moved(windows: Windows, channels: Channels, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that is no longer where it was made, and nothing is there any more."""
    root = tmp_path_factory.mktemp("patch")
    prefix = create_on_this_machine(root, channels)
    place = root / "another (place) & more"
    shutil.move(prefix, place)
    return place


def test_mamba_bat(windows: Windows, moved: Path) -> None:
    call = f'call "{windows.path(moved / "condabin/mamba.bat")}" no-such-command 2>nul'
    done = windows.cmd(f"{call}& set MAMBA_")
    here = windows.path(moved)
    assert done.stdout.splitlines() == [
        f"MAMBA_EXE={here}\\Library\\bin\\mamba.exe",
        f"MAMBA_ROOT_PREFIX={here}",
    ]


def test_mamba_hook_bat(windows: Windows, moved: Path) -> None:
    done = windows.cmd(f'call "{windows.path(moved / "condabin/mamba_hook.bat")}"& set MAMBA_EXE')
    assert done.stdout.strip() == f"MAMBA_EXE={windows.path(moved)}\\Library\\bin\\mamba.exe"


def test_the_launcher_of_conda_finds_its_python(windows: Windows, moved: Path) -> None:
    script = moved / "Scripts/conda-script.py"
    assert script.read_bytes().startswith(b"#!python.exe\n")
    done = windows.run([moved / "Scripts/conda.exe", "--version"], env={"PATH": r"C:\nowhere"})
    assert done.stdout.startswith("conda "), done.stderr


def test_an_entry_point_of_the_engine_finds_its_python(windows: Windows, moved: Path) -> None:
    done = windows.run([moved / "Scripts/pip.exe", "--version"], env={"PATH": r"C:\nowhere"})
    assert windows.path(moved) in done.stdout, done.stderr
