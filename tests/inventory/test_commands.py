"""Commands: the first folder of PATH that has the name wins, on either kind of system."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.inventory.commands import find_commands, path_order


def write(prefix: Path, *paths: str, text: str = "MZ") -> None:
    for path in paths:
        (prefix / path).parent.mkdir(parents=True, exist_ok=True)
        (prefix / path).write_text(text)


def test_windows_takes_the_first_folder_and_there_the_first_ending(tmp_path: Path) -> None:
    write(tmp_path, "python.exe", "condabin/conda.bat", "Scripts/conda.exe", "Library/bin/zip.exe")
    write(tmp_path, "Scripts/tool.bat", "Scripts/Tool.exe", "Scripts/tool-script.py", "bin/zip.cmd")
    write(tmp_path, "Library/bin/echo.exe")
    assert path_order(tmp_path, "win-64") == [".", "condabin", "Library/bin", "Scripts", "bin"]
    found = {
        c.name: c for c in find_commands(tmp_path, "win-64", {"Scripts/Tool.exe": "conda:tool"})
    }
    assert {name: (c.path, c.hides) for name, c in found.items()} == {
        "conda": ("condabin/conda.bat", ("Scripts/conda.exe",)),
        "echo": ("", ("Library/bin/echo.exe",)),
        "python": ("python.exe", ()),
        "tool": ("Scripts/Tool.exe", ("Scripts/tool.bat",)),
        "zip": ("Library/bin/zip.exe", ("bin/zip.cmd",)),
    }
    assert (found["tool"].owner, found["conda"].owner) == ("conda:tool", None)
    assert found["echo"].what == "built into cmd.exe"
    assert (found["conda"].what, found["tool"].what) == ("batch file", "program")


@pytest.mark.skipif(os.name == "nt", reason="modes and links of POSIX")
def test_posix_takes_what_may_be_executed(tmp_path: Path) -> None:
    write(tmp_path, "bin/script", text=f"#!{tmp_path}/bin/python3 -E\nprint()\n")
    write(tmp_path, "bin/program", "bin/no-mode", "bin/folder/inside")
    for name in ("script", "program"):
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "bin" / "another").symlink_to("program")
    (tmp_path / "bin" / "broken").symlink_to("nowhere")
    (tmp_path / "bin" / "kill").symlink_to("program")
    found = {c.name: c.what for c in find_commands(tmp_path, "linux-64", {})}
    assert found == {
        "another": "link to program",
        "kill": "built into the shell",
        "program": "program",
        "script": "script: ENV/bin/python3 -E",
    }
