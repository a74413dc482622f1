"""The rules of cmd.exe and PowerShell; tests/windows/test_which.py asks cmd.exe itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.candidates import Kind, State, windows_candidates


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
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


def told(name: str, folders: list[str], **how: str | None) -> list[tuple[str, str]]:
    cwd = how.pop("cwd", None)
    dialect = how.pop("dialect", None) or "cmd"
    found = windows_candidates(name, folders, cwd=cwd, dialect=dialect)
    return [(Path(c.path).name if c.path else "-", c.state.value) for c in found]


def test_an_earlier_folder_wins_and_then_the_order_of_pathext(folders: list[str]) -> None:
    assert told("tool", folders) == [
        ("tool.bat", "runs"),
        ("tool.exe", "shadowed"),
        ("Tool.CMD", "shadowed"),
        ("tool", "passed over"),
    ]
    assert told("TOOL", folders[1:])[0] == ("tool.exe", "runs")
    assert told("two", folders) == [
        ("two.exe", "passed over"),
        ("two.bat", "runs"),
        ("two.cmd", "shadowed"),
    ]


def test_pathext_is_obeyed(folders: list[str]) -> None:
    found = windows_candidates("tool", folders, ".CMD;.EXE", cwd=None)
    assert [Path(str(c.path)).name for c in found if c.state is not State.PASSED_OVER] == [
        "Tool.CMD",
        "tool.exe",
    ]


def test_the_current_folder_comes_first_in_cmd_alone(folders: list[str], tmp_path: Path) -> None:
    (tmp_path / "tool.cmd").write_bytes(b"")
    assert told("tool", folders, cwd=str(tmp_path))[0] == ("tool.cmd", "runs")
    assert told("tool", folders, cwd=str(tmp_path), dialect="powershell")[0] == ("tool.bat", "runs")


def test_ps1_is_for_powershell(folders: list[str]) -> None:
    assert told("script", folders) == [("script.ps1", "passed over"), ("script.cmd", "runs")]
    assert told("script", folders, dialect="powershell")[0] == ("script.ps1", "runs")


def test_a_name_with_an_ending_is_that_file(folders: list[str]) -> None:
    assert told("tool.exe", folders) == [("tool.exe", "runs")]
    (found,) = windows_candidates("notes.txt", folders, cwd=None)
    assert found.kind is Kind.DOCUMENT
    assert "associated" in found.because


def test_what_cmd_has_itself_comes_first(folders: list[str]) -> None:
    Path(folders[0], "dir.exe").write_bytes(b"")
    assert told("Dir", folders) == [("-", "runs"), ("dir.exe", "shadowed")]
    assert told("dir.exe", folders) == [("dir.exe", "runs")]


def test_a_path_is_that_file(folders: list[str], tmp_path: Path) -> None:
    assert told("bin\\tool", folders, cwd=str(tmp_path))[0] == ("tool.exe", "runs")


def test_a_folder_that_is_twice_on_path_counts_once(folders: list[str]) -> None:
    again = [*folders, folders[0] + "/", f'"{folders[1]}"', "", "/nowhere"]
    assert told("tool", again) == told("tool", folders)
