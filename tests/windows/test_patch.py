"""Patched files do their work from another place, in the programs that read them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from sealenv.portability.patch import patch_bytes
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


def test_a_launcher_wants_a_bare_name(windows: Windows, moved: Path, tmp_path: Path) -> None:
    """Why the rule is for Scripts alone: no other spelling starts."""
    shutil.copy(moved / "Scripts/conda.exe", moved / "Scripts/tried.exe")
    script = moved / "Scripts/tried-script.py"
    for interpreter, starts in (("python.exe", True), ("..\\python.exe", False)):
        script.write_text(f"#!{interpreter}\nprint('started')\n")
        done = windows.run([moved / "Scripts/tried.exe"])
        assert ("started" in done.stdout) == starts, interpreter


def test_an_entry_point_of_the_engine_finds_its_python(windows: Windows, moved: Path) -> None:
    done = windows.run([moved / "Scripts/pip.exe", "--version"], env={"PATH": r"C:\nowhere"})
    assert windows.path(moved) in done.stdout, done.stderr


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_patched_lines_bear_any_line_end_and_mode(
    windows: Windows, tmp_path: Path, end: str
) -> None:
    folder = tmp_path / "p (x) & 'y'" / "condabin"
    folder.mkdir(parents=True)
    text = '@SET "MAMBA_EXE=x"\n@SET "MAMBA_ROOT_PREFIX=y"\n@SET MAMBA_\n'.replace("\n", end)
    patched = patch_bytes("condabin/mamba.bat", text.encode(), folder.parent)
    (folder / "mamba.bat").write_bytes(patched)
    call = tmp_path / "call.bat"
    call.write_bytes(f'@call "{windows.path(folder / "mamba.bat")}"\r\n'.encode())
    for mode in ("/v:on", "/v:off"):
        done = windows.run(["cmd", "/d", mode, "/c", call])
        assert done.stdout.splitlines() == [
            f"MAMBA_EXE={windows.path(folder.parent)}\\Library\\bin\\mamba.exe",
            f"MAMBA_ROOT_PREFIX={windows.path(folder.parent)}",
        ]
