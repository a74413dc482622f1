"""What scripts and launchers start, in every form that installers write."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from sealenv.inventory.candidates import Candidate, Kind, Starts
from sealenv.inventory.starting import starts, wrapped
from sealenv.portability.patch import patch_bytes


def begun(path: Path, kind: Kind = Kind.SCRIPT, *, windows: bool = False) -> Starts | None:
    names = {"python3": "/found/python3"}
    return starts(Candidate(str(path), None, kind, ""), names.get, windows=windows)


@pytest.mark.parametrize(
    ("text", "path", "how"),
    [
        ("#! /old/bin/python3.12 -I\n", "/old/bin/python3.12", "interpreter"),
        ("#!/usr/bin/env python3\n", "/found/python3", "interpreter"),
        ("#!/usr/bin/env -S nope -u\n", "nope", "interpreter"),
        (
            "#!/bin/sh\n'''exec' \"/a b/python\" \"$0\" \"$@\"\n' '''\n",
            "/a b/python",
            "interpreter",
        ),
        ("#!/bin/sh\n'''exec' '/a b/it'\"'\"'s/py' -s \"$0\"\n", "/a b/it's/py", "interpreter"),
        ("echo hi\n", "/bin/sh", "shell"),
    ],
)
def test_first_lines(text: str, path: str, how: str, tmp_path: Path) -> None:
    script = tmp_path / "tool"
    script.write_text(text)
    found = begun(script)
    assert found
    assert (found.path, found.how, found.exists) == (path, how, Path(path).is_file())


@pytest.mark.parametrize("options", ["", " -E", " -I -X=utf8"])
def test_what_audit_fix_writes(options: str, tmp_path: Path) -> None:
    line = f"#!{tmp_path}/bin/python3.12{options}\n"
    code = "from tool import app\nif __name__ == '__main__':\n    import sys\n    sys.exit(app())\n"
    made = patch_bytes("bin/tool", (line + code).encode(), tmp_path, platform="linux-64")
    assert made.startswith(b"#!/bin/sh\n")
    script = tmp_path / "bin" / "tool"
    script.parent.mkdir()
    script.write_bytes(made)
    found = begun(script)
    assert found == Starts(str(script.resolve().with_name("python3.12")), False, "interpreter")


def launcher(line: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("__main__.py", "x = 1\n")
    return b"MZ" + b"\0" * 10_000 + line + buffer.getvalue()


@pytest.mark.parametrize(
    ("line", "python"),
    [
        (b"#!<launcher_dir>\\..\\python.exe\r\n", "python.exe"),
        (b'#!"<launcher_dir>\\..\\py thon.exe"\n', "py thon.exe"),
    ],
)
def test_launchers_with_a_line_behind_them(line: bytes, python: str, tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    (tmp_path / python).touch()
    program = tmp_path / "Scripts" / "tool.exe"
    program.write_bytes(launcher(line))
    assert begun(program, Kind.PROGRAM, windows=True) == Starts(
        str(tmp_path / python), True, "launcher"
    )


@pytest.mark.parametrize("line", ["#!python.exe\n", "", "# no first line\n"])
def test_launchers_with_a_script_beside_them(line: str, tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    program = tmp_path / "Scripts" / "tool.exe"
    program.write_bytes(b"MZ")
    (tmp_path / "Scripts" / "tool-script.py").write_text(line + "import sys\n")
    found = begun(program, Kind.PROGRAM, windows=True)
    assert found == Starts(str(tmp_path / "python.exe"), False, "launcher")


CONDA = r"""@REM call "%NOT_THIS%" %*
@IF NOT DEFINED CONDA_EXE @SET "CONDA_EXE=%~dp0..\Scripts\conda.exe"
@IF [%1]==[activate]   "%~dp0_conda_activate" %*
@CALL "%CONDA_EXE%" %_CE_M% %_CE_CONDA% %*
@EXIT /B %ERRORLEVEL%
"""
MAMBA = r"""@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"
@CALL "%MAMBA_EXE%" %*
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CONDA, r"C:\e\Scripts\conda.exe"),
        (MAMBA, r"C:\e\Library\bin\mamba.exe"),
        ("set X=C:\\y.exe\r\n%X% -q %*\r\n", r"C:\y.exe"),
        ("@echo %*\n", None),
    ],
)
def test_what_wrappers_hand_their_arguments_to(text: str, expected: str | None) -> None:
    assert wrapped(text, r"C:\e\condabin\x.bat") == expected
