"""What shells run: POSIX shells asked themselves, cmd.exe asked in tests/windows/test_which.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.commands.which import State, posix_candidates, windows_candidates
from tests.shells import require_shell

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


@posix
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
def test_the_shell_itself_runs_the_same(
    shell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b, c = (tmp_path / name for name in ("a", "b b", "c"))
    for folder in (a, b, c):
        folder.mkdir()
    for path in (a / "plain", b / "plain", c / "later", c / "target"):
        path.write_text(f"#!/bin/sh\necho {path}\n")
        path.chmod(0o755)
    (a / "later").write_text("#!/bin/sh\necho bad\n")
    (a / "dangling").symlink_to("nowhere")
    (b / "dangling").symlink_to(c / "target")
    (a / "folder").mkdir()
    folders = [str(a), str(b), ""]
    monkeypatch.chdir(c)
    for name in ("plain", "later", "dangling", "folder", "target", "nothing"):
        winner = next((x for x in posix_candidates(name, folders) if x.state is State.RUNS), None)
        options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}.get(shell, [])
        done = subprocess.run(
            [require_shell(shell), *options, "-c", name], env={"PATH": ":".join(folders)},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.stdout.strip() == (os.path.realpath(winner.path) if winner else ""), name
    skipped = posix_candidates("later", folders)[0]
    assert (skipped.state, skipped.because) == (State.PASSED_OVER, "it is not executable")


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
