"""What shells run: POSIX shells asked themselves, cmd.exe asked in tests/windows/test_which.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.inventory.candidates import State, posix_candidates, windows_candidates
from tests.shells import require_shell

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

NAMES = ("plain", "later", "only_bad", "dangling", "folder", "nothing", "linked", "echo", "fifo")


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Three folders with what shells meet on PATH."""
    a, b, c = (tmp_path / name for name in ("a", "b b", "c"))
    for folder in (a, b, c):
        folder.mkdir()
    for path in (a / "plain", b / "plain", c / "later", b / "echo", c / "target"):
        path.write_text(f"#!/bin/sh\necho {path}\n")
        path.chmod(0o755)
    for path in (a / "later", a / "only_bad"):
        path.write_text("#!/bin/sh\necho bad\n")
        path.chmod(0o644)
    (a / "dangling").symlink_to("nowhere")
    (b / "dangling").symlink_to(c / "target")
    (a / "linked").symlink_to(c / "target")
    (a / "folder").mkdir()
    (c / "folder").symlink_to(c / "target")
    os.mkfifo(a / "fifo")
    return [str(a), str(b), str(c)]


def ask(shell: str, program: str, folders: list[str], cwd: Path, *args: str) -> str:
    options = {"bash": ["--norc", "--noprofile"], "zsh": ["-f"]}.get(shell, [])
    done = subprocess.run(
        [require_shell(shell), *options, "-c", program, shell, *args],
        env={"PATH": ":".join(folders)}, cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.stdout.strip()


@posix
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
@pytest.mark.parametrize("name", NAMES)
def test_the_shell_itself_runs_the_same(
    shell: str, name: str, folders: list[str], tmp_path: Path
) -> None:
    found = posix_candidates(name, folders, str(tmp_path))
    winner = next((c for c in found if c.state is State.RUNS), None)
    if winner and winner.path is None:
        assert ask(shell, f"command -v {name}", folders, tmp_path) == name
        return
    expected = os.path.realpath(winner.path) if winner and winner.path else ""
    assert ask(shell, name, folders, tmp_path) == expected
    if winner:
        assert ask(shell, f"command -v {name}", folders, tmp_path) == winner.path


@posix
def test_each_that_is_passed_over_has_its_reason(folders: list[str], tmp_path: Path) -> None:
    reasons = {
        name: [
            c.because
            for c in posix_candidates(name, folders, str(tmp_path))
            if c.state is State.PASSED_OVER
        ]
        for name in ("later", "dangling", "folder", "fifo")
    }
    assert reasons == {
        "later": ["it is not executable (mode 0644)"],
        "dangling": ["a link that leads nowhere: nowhere"],
        "folder": ["it is a folder"],
        "fifo": ["it is not a plain file"],
    }


@posix
@pytest.mark.parametrize("shell", ["bash", "zsh", "dash"])
@pytest.mark.parametrize("entry", ["", ".", "relative"])
def test_what_is_not_absolute_starts_at_the_current_folder(
    shell: str, entry: str, tmp_path: Path
) -> None:
    here = tmp_path / "relative" if entry == "relative" else tmp_path
    here.mkdir(exist_ok=True)
    (here / "tool").write_text("#!/bin/sh\necho ran\n")
    (here / "tool").chmod(0o755)
    folders = ["/nowhere", entry]
    (found,) = posix_candidates("tool", folders, str(tmp_path))
    assert found.state is State.RUNS
    assert os.path.samefile(str(found.path), here / "tool")
    assert ask(shell, "tool", folders, tmp_path) == "ran"


@pytest.fixture
def windows(tmp_path: Path) -> list[str]:
    files = {
        "condabin": ["tool.bat", "notes.txt", "script.ps1"],
        "bin": ["tool.exe", "Tool.CMD", "tool", "two.cmd", "two.bat", "script.cmd"],
    }
    for folder, names in files.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / name).write_bytes(b"")
    (tmp_path / "condabin" / "two.exe").mkdir()
    return [str(tmp_path / "condabin"), str(tmp_path / "bin")]


def listed(name: str, windows: list[str], **how: str | None) -> list[tuple[str, str]]:
    cwd = how.pop("cwd", None)
    shell = how.pop("dialect", None) or "cmd"
    found = windows_candidates(name, windows, cwd=cwd, shell=shell)
    return [(Path(c.path).name if c.path else "-", c.state.value) for c in found]


def test_an_earlier_folder_wins_and_then_the_order_of_pathext(windows: list[str]) -> None:
    assert listed("tool", windows) == [
        ("tool.bat", "runs"),
        ("tool.exe", "shadowed"),
        ("Tool.CMD", "shadowed"),
        ("tool", "passed over"),
    ]
    assert listed("TOOL", windows[1:])[0] == ("tool.exe", "runs")
    assert listed("two", windows) == [
        ("two.exe", "passed over"),
        ("two.bat", "runs"),
        ("two.cmd", "shadowed"),
    ]


def test_the_current_folder_comes_first_in_cmd_alone(windows: list[str], tmp_path: Path) -> None:
    (tmp_path / "tool.cmd").write_bytes(b"")
    assert listed("tool", windows, cwd=str(tmp_path))[0] == ("tool.cmd", "runs")
    assert listed("tool", windows, cwd=str(tmp_path), dialect="powershell")[0] == (
        "tool.bat",
        "runs",
    )
