"""What wrappers hand their arguments to, told by their text alone."""

from __future__ import annotations

import pytest

from sealenv.candidates.batch import wrapped

CONDA = r"""@REM call "%NOT_THIS%" %*
@IF NOT DEFINED CONDA_EXE @SET "CONDA_EXE=%~dp0..\Scripts\conda.exe"
@IF [%1]==[activate]   "%~dp0_conda_activate" %*
@CALL "%CONDA_EXE%" %_CE_M% %_CE_CONDA% %*
@EXIT /B %ERRORLEVEL%
"""
MAMBA = r"""@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"
@CALL "%MAMBA_EXE%" %*
"""
PATH = r"C:\e\condabin\x.bat"


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        (CONDA, {}, r"C:\e\Scripts\conda.exe"),
        (CONDA, {"conda_exe": r"D:\other\conda.exe"}, r"D:\other\conda.exe"),
        (MAMBA, {}, r"C:\e\Library\bin\mamba.exe"),
        ("@echo off\npython %*\n", {}, "python"),
        ("set X=C:\\y.exe\r\n%X% -q %*\r\n", {}, r"C:\y.exe"),
        ("@if defined X @call a.exe %*\n@if not defined X @call b.exe %*\n", {}, "b.exe"),
        ("@echo %*\n", {}, None),
        ("@call other.bat\n", {}, None),
        ("", {}, None),
    ],
)
def test_wrapped(text: str, environ: dict[str, str], expected: str | None) -> None:
    assert wrapped(text, PATH, environ) == expected
