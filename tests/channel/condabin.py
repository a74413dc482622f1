r"""win-64 stand-ins for conda and mamba, with everything that the real packages bake a path into.

No real one can be had without conda-forge. These have the same files in the same places, the same
clobbers and the same lines with the prefix in them (which file carries what: seen in real environments
of conda 26 and mamba 2), and their programs answer `--version` and do what their .bat wrappers need to
activate. They are written here, not copied, and say that they are stand-ins.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

from sealenv.tour.archive import Package, Payload
from sealenv.tour.channel import STAND_IN_VERSION

BUILD = "stand_in_1"
PLACEHOLDER = "C:/sealenv_test/conda-bld/stand_in_1700000000000/_h_env"
"""As conda-build's on Windows: short, with forward slashes, not padded, in text files only."""
_NOTE = "@REM a stand-in made by sealenv for its tests"

_MAMBA_BAT = f"""{_NOTE}, not mamba's
@SET "MAMBA_EXE={PLACEHOLDER}/Library/bin/mamba.exe"
@SET "MAMBA_ROOT_PREFIX={PLACEHOLDER}"
@IF [%1]==[activate]   "%~dp0_mamba_activate.bat" %*
@IF [%1]==[deactivate] "%~dp0_mamba_activate.bat" %*
@CALL "%MAMBA_EXE%" %*
@EXIT /B %ERRORLEVEL%
"""
_MAMBA_ACTIVATE = f"""{_NOTE}, not mamba's
@SETLOCAL
@SET "_MAMBA_TMP=%TEMP%\\mamba-stand-in-%RANDOM%%RANDOM%.txt"
@"%MAMBA_EXE%" shell %* --shell cmd.exe >"%_MAMBA_TMP%"
@IF ERRORLEVEL 1 @ENDLOCAL & @EXIT /B 1
@SET "_MAMBA_SCRIPT="
@FOR /F "usebackq delims=" %%I IN ("%_MAMBA_TMP%") DO @SET "_MAMBA_SCRIPT=%%I"
@DEL /F /Q "%_MAMBA_TMP%"
@ENDLOCAL & @SET "_MAMBA_SCRIPT=%_MAMBA_SCRIPT%"
@CALL "%_MAMBA_SCRIPT%"
@DEL /F /Q "%_MAMBA_SCRIPT%"
@SET "_MAMBA_SCRIPT="
"""
_MAMBA_HOOK = f"""{_NOTE}, not mamba's
@IF DEFINED CONDA_SHLVL GOTO :EOF
@FOR %%F in ("%~dp0") do @SET "__mambabin_dir=%%~dpF"
@SET "__mambabin_dir=%__mambabin_dir:~0,-1%"
@SET "PATH=%__mambabin_dir%;%PATH%"
@SET "MAMBA_BAT=%__mambabin_dir%\\mamba.bat"
@FOR %%F in ("%__mambabin_dir%") do @SET "__mamba_root=%%~dpF"
@SET "MAMBA_EXE={PLACEHOLDER}/Library/bin/mamba.exe"
@SET __mambabin_dir=
@SET __mamba_root=
@SET CONDA_SHLVL=0
"""
_CONDA_BAT = f"""{_NOTE}, not conda's
@IF NOT DEFINED CONDA_EXE @SET "CONDA_EXE=%~dp0..\\Scripts\\conda.exe"
@IF [%1]==[activate]   "%~dp0_conda_activate" %*
@IF [%1]==[deactivate] "%~dp0_conda_activate" %*
@CALL "%CONDA_EXE%" %*
@EXIT /B %ERRORLEVEL%
"""
_CONDA_ACTIVATE = _MAMBA_ACTIVATE.replace("mamba's", "conda's").replace(
    '@"%MAMBA_EXE%" shell %* --shell cmd.exe', '@"%CONDA_EXE%" shell.cmd.exe %*'
)
_CONDA_HOOK = f"""{_NOTE}, not conda's
@IF DEFINED CONDA_SHLVL GOTO :EOF
@SET "PATH=%~dp0;%PATH%"
@SET "CONDA_BAT=%~dp0conda.bat"
@SET "CONDA_EXE=%~dp0..\\Scripts\\conda.exe"
@SET CONDA_SHLVL=0
"""
_SCRIPT = f"""\
#!{PLACEHOLDER}/python.exe
import sys

from sealenv_stand_in_conda import main

sys.exit(main())
"""
_MAIN = "import sys; from sealenv_stand_in_mamba import main; sys.exit(main())\n"
_MODULE = '''\
"""A stand-in for {name}, made by sealenv. It is not {name} and manages nothing."""

import os
import sys
import tempfile

STAND_IN = "{name} {version} (stand-in made by sealenv for its tests, not {name})"
LEVELS = ("", "Library/mingw-w64/bin", "Library/usr/bin", "Library/bin", "Scripts", "bin")


def main():
    words = [word for word in sys.argv[1:] if word not in ("--shell", "cmd.exe", "shell")]
    if words in (["--version"], ["-V"]):
        print(STAND_IN)
        return 0
    if words[:1] == ["info"]:
        print("active env location :", os.environ.get("CONDA_PREFIX"))
        return 0
    if words[:1] == ["shell.cmd.exe"]:
        words = words[1:]
    if words[:1] == ["activate"]:
        return activate(words[1] if words[1:] else sys.prefix)
    print("error: this is a stand-in for {name}; it only activates", file=sys.stderr)
    return 2


def activate(prefix):
    # mamba resolves links and mapped drives: the same folder by another name.
    prefix = os.environ.get("FAKE_RESOLVED_PREFIX", prefix)
    folders = [os.path.normpath(os.path.join(prefix, part)) for part in LEVELS]
    folders.append(os.path.join(sys.prefix, "condabin"))
    path = ";".join([*folders, os.environ.get("PATH", "")])
    lines = ["@SET \\"PATH=" + path + "\\"", "@SET \\"CONDA_PREFIX=" + prefix + "\\""]
    lines += ["@SET \\"CONDA_SHLVL=1\\"", "@SET \\"CONDA_DEFAULT_ENV=base\\""]
    handle, name = tempfile.mkstemp(suffix=".bat")
    # cmd.exe reads it in the OEM code page.
    encoding = "oem" if os.name == "nt" else None
    with os.fdopen(handle, "w", newline="", encoding=encoding) as file:
        file.write("\\r\\n".join(lines) + "\\r\\n")
    print(name)
    return 0
'''
_SHELL_HOOK = "export CONDA_EXE='{p}/Scripts/conda.exe'\nexport CONDA_PYTHON_EXE='{p}/python.exe'\n"


def windows_stand_ins(setuptools: Path, pip: Path) -> list[Package]:
    """The two packages.

    Args:
        setuptools: its wheel: its launcher, which is conda's too, starts the script beside it.
        pip: its wheel: its launcher finds Python from its own place, so that the stand-in for
            mamba.exe, a program without a path in it, holds none either.
    """
    with zipfile.ZipFile(setuptools) as wheel:
        conda_exe = wheel.read("setuptools/cli-64.exe")
    with zipfile.ZipFile(pip) as wheel:
        mamba_exe = wheel.read("pip/_vendor/distlib/t64.exe")
    mamba_exe += b"#!<launcher_dir>\\..\\..\\python.exe\n" + _zipped(_MAIN)
    hook = _SHELL_HOOK.format(p=PLACEHOLDER)
    conda = {
        "condabin/conda.bat": _CONDA_BAT,
        "condabin/_conda_activate.bat": _CONDA_ACTIVATE,
        "condabin/conda_hook.bat": _CONDA_HOOK,
        "condabin/activate.bat": f'{_NOTE}\n@CALL "%~dp0conda_hook.bat"\nconda.bat activate %*\n',
        "Scripts/activate.bat": f'{_NOTE}\n@CALL "%~dp0..\\condabin\\activate.bat" %*\n',
        "Library/bin/conda.bat": f'{_NOTE}\n@CALL "%~dp0..\\..\\condabin\\conda.bat" %*\n',
        "Scripts/activate": f"#!/bin/sh\n_CONDA_ROOT='{PLACEHOLDER}'\n",
        "etc/profile.d/conda.sh": hook,
        "shell/condabin/conda-hook.ps1": f'$Env:CONDA_EXE = "{PLACEHOLDER}/Scripts/conda.exe"\n',
    }
    mamba = {
        "condabin/mamba.bat": _MAMBA_BAT,
        "condabin/_mamba_activate.bat": _MAMBA_ACTIVATE,
        "condabin/mamba_hook.bat": _MAMBA_HOOK,
        "condabin/activate.bat": f'{_NOTE}\n@CALL "%~dp0mamba_hook.bat"\nmamba activate %*\n',
        "Scripts/activate.bat": (
            f'{_NOTE}\n@CALL "%~dp0..\\condabin\\mamba_hook.bat"\nmamba activate %*\n'
        ),
    }
    return [
        _package("conda", {**conda, "Scripts/conda-script.py": _SCRIPT}, "Scripts", conda_exe),
        _package("mamba", mamba, "Library/bin", mamba_exe),
    ]


def _zipped(source: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py"), source)
    return buffer.getvalue()


def _package(name: str, texts: dict[str, str], folder: str, launcher: bytes) -> Package:
    module = _MODULE.format(name=name, version=STAND_IN_VERSION)
    site = "Lib/site-packages"
    info = f"{site}/sealenv_stand_in_{name}-{STAND_IN_VERSION}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: sealenv-stand-in-{name}\nVersion: {STAND_IN_VERSION}\n"
    )
    files = {
        f"{site}/sealenv_stand_in_{name}.py": module,
        f"{info}/METADATA": metadata,
        **texts,
    }
    payload = [Payload(f"{folder}/{name}.exe", data=launcher, executable=True)]
    payload += [_text(path, text) for path, text in files.items()]
    return Package(
        name=name,
        version=STAND_IN_VERSION,
        build=BUILD,
        build_number=1,
        subdir="win-64",
        depends=("python >=3.8",),
        summary=f"stand-in made by sealenv for its tests, not {name}",
        payload=tuple(sorted(payload, key=lambda item: item.path)),
    )


def _text(path: str, text: str) -> Payload:
    """A text file with LF, as mamba writes its own; with a placeholder where it has one."""
    if PLACEHOLDER not in text:
        return Payload(path, data=text.encode())
    return Payload(path, data=text.encode(), prefix_placeholder=PLACEHOLDER, file_mode="text")
