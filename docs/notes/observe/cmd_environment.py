"""Observations of an environment for win-64 in cmd.exe, and of the standalone scripts.

Python is CPython for Windows. conda and mamba are stand-ins with the same lines of paths in the same files
(tests/channel/condabin.py); micromamba is a stand-in with its command line (tests/fake_micromamba.py).
"""

from __future__ import annotations

import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

from docs.notes.observe.note import Observation
from docs.notes.observe.stage import REPO

_STAND_INS = "CPython for Windows; stand-ins for conda and mamba, which say so"
_MADE = f"`env`, made by `sealenv create --platform win-64` on Linux: {_STAND_INS}."
_SCRIPTS = (
    "in `scripts` the files of bootstrap/; `env.bat`, which points `MICROMAMBA_URL` and `MICROMAMBA_SHA256` at a local "
    "release whose micromamba.exe is a stand-in, `CHANNEL` at a local channel, and PY_ENVS and TEMP into the folder."
)
_NUMBERS = (
    (r"\b[0-9a-f]{64}\b", "<64 hexadecimal digits>"),
    (r"http://127\.0\.0\.1:\d+", "http://mirror"),
    (r"sealenv-\d+", "sealenv-<number>"),
    (r"^(  Install: )\d+( packages)$", r"\1<number>\2"),
    (r"^3\.12\.\d+ .*$", "3.12.<patch> ..."),
    (r"^Python 3\.12\.\d+$", "Python 3.12.<patch>"),
    (r"^(Linking .*?)-\d[^ ]*$", r"\1-<version>"),
)
_PATH = "for %%V in (CONDA_PREFIX MAMBA_ROOT_PREFIX MAMBA_EXE MAMBA_BAT CONDA_SHLVL) do call echo %%V=[%%%%V%%]\n"


def _environment(stage: Any, folder: Path) -> None:
    stage.environment(folder)


def _packaged(stage: Any, folder: Path) -> None:
    """The two files as the package's installer leaves them: with the path in them."""
    prefix = stage.environment(folder)
    place = stage.windows.path(prefix).replace("\\", "/")
    for name in ("mamba.bat", "mamba_hook.bat"):
        path = prefix / "condabin" / name
        lines = path.read_bytes().decode().split("\r\n")
        for number, line in enumerate(lines):
            if line.startswith("@FOR %%I IN") and "MAMBA_EXE=" in line:
                lines[number] = f'@SET "MAMBA_EXE={place}/Library/bin/mamba.exe"'
            elif line.startswith("@FOR %%I IN") and "MAMBA_ROOT_PREFIX=" in line:
                lines[number] = f'@SET "MAMBA_ROOT_PREFIX={place}"'
        path.with_name(f"unpatched-{name}").write_bytes("\n".join(lines).encode())
    shutil.copy(prefix / "condabin/mamba.bat", prefix / "condabin/patched-mamba.bat")
    shutil.copy(prefix / "condabin/mamba_hook.bat", prefix / "condabin/patched-mamba_hook.bat")


def _bare(stage: Any, folder: Path) -> None:
    stage.bare(folder)


def _small(stage: Any, folder: Path) -> None:
    """The batch file of the guide, for the local release and channel."""
    stage.bare(folder)
    guide = (REPO / "docs/field-guide.md").read_text(encoding="utf-8")
    (text,) = re.findall(
        r"^```bat\n(@echo off\nsetlocal [^`]*?set \"SHA256=.*?)^```", guide, re.M | re.S
    )
    text = re.sub("(?<=SHA256=)[0-9a-f]{64}", sha256(stage.exe).hexdigest(), text)
    text = text.replace(
        "https://github.com/mamba-org/micromamba-releases/releases", stage.releases.base
    )
    text = text.replace("--proto-redir =https ", "").replace("-c conda-forge", '-c "%CHANNEL%"')
    (folder / "small.bat").write_bytes(text.replace("\n", "\r\n").encode())


def win(name: str, question: str, script: str, answer: str, **more: Any) -> Observation:
    """An observation in cmd.exe."""
    more.setdefault("changing", _NUMBERS)
    return Observation(f"win-{name}", question, script, "cmd", answer, **more)


def _with_scripts(name: str, question: str, script: str, answer: str, **more: Any) -> Observation:
    script = "call env.bat\n" + script.lstrip("\n")
    return win(name, question, script, answer, prepare=_bare, given=_SCRIPTS, **more)


def _with_environment(
    name: str, question: str, script: str, answer: str, **more: Any
) -> Observation:
    return win(name, question, script, answer, prepare=_environment, given=_MADE, **more)


OBSERVATIONS = [
    _with_scripts(
        "bootstrap-help",
        "How is the bootstrap script called?",
        r"""
call scripts\Micromamba_bootstrap.bat --help
echo exit code %ERRORLEVEL%
""",
        "Two arguments as in the original, four options, and variables.",
    ),
    _with_scripts(
        "bootstrap-dry-run",
        "What would it do, and does it write anything?",
        r"""
call scripts\Micromamba_bootstrap.bat my_env 3.12 --dry-run
echo exit code %ERRORLEVEL%
echo in the folder of environments:
dir /b "%PY_ENVS%"
echo in TEMP:
dir /b "%TEMP%"
""",
        "It resolves every path and writes nothing: its temporary folder is gone afterwards.",
    ),
    _with_scripts(
        "bootstrap",
        "What does one call print, and what does it leave?",
        r"""
call scripts\Micromamba_bootstrap.bat my_env 3.12
echo exit code %ERRORLEVEL%
echo what it left in this shell:
set SB_
set CONDA_P
set MAMBA
echo the environment:
for %%F in (python.exe Scripts\conda.exe Library\bin\mamba.exe condabin\mamba.bat) do if exist "%PY_ENVS%\my_env_3_12\%%F" echo %%F
for %%F in (history sealenv.bootstrap sealenv.pending) do if exist "%PY_ENVS%\my_env_3_12\conda-meta\%%F" echo conda-meta\%%F
echo in the home folder:
dir /b "%USERPROFILE%"
echo in TEMP:
dir /b "%TEMP%"
reg query "HKCU\Software\Microsoft\Command Processor" /v AutoRun
""",
        "Paths, packages, the download, the stand-in's own messages, and the test. Afterwards the caller has no new variables except those of `env.bat`, the home folder is empty, TEMP "
        "contains only the cached micromamba, and the AutoRun value does not exist.",
    ),
    _with_scripts(
        "bootstrap-gate",
        "What does it say in a shell that is not clean?",
        r"""
set "CONDA_PREFIX=C:\other\env"
set "CONDA_SHLVL=1"
set "PYTHONPATH=C:\other\lib"
call scripts\Micromamba_bootstrap.bat my_env 3.12
echo exit code %ERRORLEVEL%
set "CONDA_PREFIX="
set "PYTHONPATH="
set "CONDA_SHLVL=0"
call scripts\Micromamba_bootstrap.bat my_env 3.12 --dry-run >nul
echo with CONDA_SHLVL=0 alone: exit code %ERRORLEVEL%
""",
        "Every variable in the way is listed with its value and what to do. `CONDA_SHLVL=0`, which a conda hook leaves in "
        "every shell, is not in the way.",
    ),
    _with_scripts(
        "bootstrap-occupied",
        "What happens if a folder of that name exists and contains other files?",
        r"""
mkdir "%PY_ENVS%\my_env_3_12"
echo precious>"%PY_ENVS%\my_env_3_12\notes.txt"
call scripts\Micromamba_bootstrap.bat my_env 3.12
echo exit code %ERRORLEVEL%
type "%PY_ENVS%\my_env_3_12\notes.txt"
""",
        "The script refuses it, and the folder stays unchanged.",
    ),
    _with_scripts(
        "bootstrap-digest",
        "What happens when the digest of micromamba is wrong?",
        r"""
set "MICROMAMBA_SHA256=0000000000000000000000000000000000000000000000000000000000000000"
call scripts\Micromamba_bootstrap.bat my_env 3.12
echo exit code %ERRORLEVEL%
echo in TEMP:
dir /b "%TEMP%"
""",
        "The download is deleted with the temporary folder, and nothing is run.",
        changing=((r"\b(?!0{64})[0-9a-f]{64}\b", "<64 hexadecimal digits>"), *_NUMBERS[1:]),
    ),
    _with_scripts(
        "get-sed-help",
        "How is get_sed.bat called?",
        r"""
call scripts\get_sed.bat --help
echo exit code %ERRORLEVEL%
""",
        "As the original, with the same exit codes.",
    ),
    win(
        "thirty-lines",
        "Does the small bootstrap of the guide work, and what does it leave where?",
        r"""
call env.bat
call small.bat
echo exit code %ERRORLEVEL%
echo in the home folder of the user:
dir /b "%USERPROFILE%"
echo what micromamba noted, in the home folder of its own:
type cache\home\.conda\environments.txt
echo a second time:
call small.bat
echo exit code %ERRORLEVEL%
echo with another executable in the cache:
rmdir /S /Q envs
echo damaged>cache\micromamba-2.8.1-1.exe
call small.bat
echo exit code %ERRORLEVEL%
if not exist cache\micromamba-2.8.1-1.exe echo it was deleted
""",
        "It makes the environment; micromamba's list of environments lands in the home folder that it was given, and the "
        "user's stays empty. A second run is refused, and so is an executable with another digest.",
        prepare=_small,
        given="`small.bat`, the batch file that the guide shows, with the digest of the stand-in for micromamba.exe, a local release instead of GitHub and a local channel instead of conda-forge; `env.bat` as in the notes on bootstrap/.",
    ),
    win(
        "wrapper-lines",
        "Which lines of mamba's wrappers contain the path, and how are they patched?",
        r"""
cd env\condabin
echo mamba.bat, as it was installed:
findstr /C:"MAMBA_EXE=" /C:"MAMBA_ROOT_PREFIX=" unpatched-mamba.bat
echo mamba_hook.bat, as it was installed:
findstr /C:"MAMBA_EXE=" /C:"MAMBA_ROOT_PREFIX=" unpatched-mamba_hook.bat
echo mamba.bat, patched:
findstr /C:"MAMBA_EXE=" /C:"MAMBA_ROOT_PREFIX=" patched-mamba.bat
echo mamba_hook.bat, patched:
findstr /C:"MAMBA_EXE=" /C:"MAMBA_ROOT_PREFIX=" patched-mamba_hook.bat
""",
        "Two lines in the wrapper, one in the hook, which sets no MAMBA_ROOT_PREFIX. Each becomes a `FOR` that computes the path from the location of the file.",
        prepare=_packaged,
        given=_MADE + " `unpatched-*.bat` are the two files as an installer leaves them.",
    ),
    win(
        "hook-and-root-prefix",
        "Which variables does mamba_hook.bat set, and which does mamba.bat leave in the caller?",
        r"""
for %%V in (MAMBA_EXE MAMBA_ROOT_PREFIX MAMBA_BAT CONDA_SHLVL) do set "%%V="
call env\condabin\mamba_hook.bat
echo after mamba_hook.bat:
"""
        + _PATH
        + r"""call env\condabin\mamba.bat --version
echo after mamba.bat --version:
"""
        + _PATH,
        "The hook leaves MAMBA_ROOT_PREFIX unset. The wrapper sets it, and both stay in the shell, because the wrapper has no `setlocal`.",
        prepare=_environment,
        given=_MADE,
    ),
    win(
        "moved-by-hand",
        "Do the wrappers work after the folder was renamed?",
        r"""
move env elsewhere >nul
echo as they were installed:
call elsewhere\condabin\unpatched-mamba.bat --version
echo exit code %ERRORLEVEL%
echo patched:
call elsewhere\condabin\patched-mamba.bat --version
echo exit code %ERRORLEVEL%
""",
        "The fixed paths lead to a folder that is gone. The patched wrapper finds its mamba.",
        prepare=_packaged,
        given=_MADE + " `unpatched-*.bat` are the two files as an installer leaves them.",
    ),
    _with_environment(
        "activate-by-mamba",
        "What is `PATH` after `call mamba.bat activate`, and which `mamba` is found?",
        r"""
set "PATH=%SystemRoot%\System32"
call env\condabin\mamba.bat activate
echo CONDA_PREFIX=%CONDA_PREFIX%
for %%P in ("%PATH:;=" "%") do echo %%~P
for %%I in (mamba.exe mamba.bat conda.exe conda.bat) do echo %%I: "%%~$PATH:I"
""",
        "The order that was read in mamba's sources, which the stand-in follows: `Library\\bin` and `Scripts`, with the "
        "executables, come before `condabin`, with the wrappers. So the bare names `mamba` and `conda` are the "
        "executables from then on.",
    ),
    _with_environment(
        "activate-by-sealenv",
        "What is `PATH` after `call activate.bat`, and which `mamba` is found?",
        r"""
set "PATH=%SystemRoot%\System32"
call env\activate.bat
echo exit code %ERRORLEVEL%
for %%P in ("%PATH:;=" "%") do echo %%~P
for %%I in (mamba.bat mamba.exe conda.bat conda.exe) do echo %%I: "%%~$PATH:I"
for %%V in (CONDA_PREFIX CONDA_SHLVL CONDA_DEFAULT_ENV MAMBA_ROOT_PREFIX PYTHONNOUSERSITE SEALENV_PREFIX) do call echo %%V=[%%%%V%%]
""",
        "`condabin` comes first, so the bare names are the wrappers, which can activate.",
    ),
    _with_environment(
        "activate-twice",
        "What does a second activation in the same shell do?",
        r"""
call env\activate.bat
echo first: exit code %ERRORLEVEL%
set "BEFORE=%PATH%"
call env\activate.bat
echo second: exit code %ERRORLEVEL%
if "%PATH%"=="%BEFORE%" echo PATH is as it was
""",
        "It succeeds and changes nothing: a script can begin with an activation.",
    ),
    _with_environment(
        "environment-leaks-into-children",
        "What does a shell inherit from an activated one?",
        r"""
call env\activate.bat
cmd /d /c "echo in the child: CONDA_PREFIX=%%CONDA_PREFIX%%& call env\activate.bat"
echo exit code %ERRORLEVEL%
""",
        "Everything: an activation consists of variables, which child processes inherit. Activating again in the child changes nothing.",
    ),
    _with_environment(
        "pythonpath",
        "What do PYTHONPATH and PYTHONHOME do to the Python of an environment?",
        r"""
set "PYTHONPATH=%CD%\other"
env\python.exe -c "import sys, os; print('in sys.path:', os.path.join(os.getcwd(), 'other') in sys.path)"
env\python.exe -I -c "import sys, os; print('with -I:', os.path.join(os.getcwd(), 'other') in sys.path)"
call env\activate.bat
echo exit code %ERRORLEVEL%
""",
        "Every Python uses PYTHONPATH, also the one of an environment, except with `-I`. Activation refuses if it is set.",
        files={"other/json.py": "print('the wrong json')\n"},
    ),
    _with_environment(
        "wrapper-named-with-extension",
        "Which program answers, with and without the extension?",
        r"""
call env\activate.bat
call mamba --version
call mamba.exe --version
call mamba activate "%CD%\env"
echo mamba activate: exit code %ERRORLEVEL%
mamba.exe activate "%CD%\env" >nul
echo mamba.exe activate, CONDA_SHLVL=%CONDA_SHLVL%
""",
        "`mamba` is the wrapper and goes through `_mamba_activate.bat`; `mamba.exe` is a program and cannot change the "
        "shell that started it. (The real one says `Shell not initialized`; the stand-in prints the name of a script.)",
        changing=((r"mamba-stand-in-\d+", "mamba-stand-in-<number>"), *_NUMBERS),
    ),
    win(
        "activate-by-the-executable",
        "Can a batch file activate with what the executable prints alone, and how is it quoted?",
        r"""
set "EXE=%CD%\env\Library\bin\mamba.exe"
set "P=%CD%\env"
for /f "usebackq delims=" %%S in (`%EXE% shell activate --shell cmd.exe "%P%"`) do set "FILE=%%S"
echo the executable unquoted: "%FILE%"
set "FILE="
for /f "usebackq delims=" %%S in (`""%EXE%" shell activate --shell cmd.exe "%P%""`) do set "FILE=%%S"
echo in two pairs of quotes: "%FILE%"
type "%FILE%"
call "%FILE%"
del /F /Q "%FILE%"
echo CONDA_PREFIX=%CONDA_PREFIX%
""",
        "The printed name is that of a batch file; called, it sets the variables. cmd.exe takes the first and the last quote of "
        "the command away, so a quoted program with a quoted argument needs another pair around both.",
        prepare=_environment,
        given=_MADE,
        changing=(
            (r"temp\\\w+\.bat", r"temp\\<name>.bat"),
            (r"(C:\\windows\\\S*)(;C:.*)?\"$", "<Windows' own>\""),
            *_NUMBERS,
        ),
    ),
    win(
        "build-phase",
        "Does a script in `__home__` find and use its environment, from any folder, and leave the shell as it was?",
        r"""
cd /d "%SystemRoot%"
call "%~dp0env\__home__\build.bat"
echo exit code %ERRORLEVEL%, CONDA_PREFIX=[%CONDA_PREFIX%]
""",
        "It finds it by its own location, and `setlocal` restores everything.",
        files={
            "env/__home__/build.bat": "@echo off\nsetlocal\n"
            'call "%~dp0..\\condabin\\mamba.bat" activate || exit /b 1\n'
            "call mamba --version || exit /b 1\n"
            'python -c "import sys; print(sys.prefix)"\n'
        },
        prepare=_environment,
        given=_MADE,
    ),
    win(
        "where-the-path-is",
        "Which files of an environment for win-64 contain its path, after the patch?",
        r"""
cd env
for %%F in (condabin\mamba.bat condabin\mamba_hook.bat condabin\conda.bat condabin\conda_hook.bat condabin\_conda_activate.bat condabin\_mamba_activate.bat condabin\activate.bat Scripts\activate.bat Scripts\activate etc\profile.d\conda.sh shell\condabin\conda-hook.ps1) do call :look %%F
exit /b 0
:look
set "HERE=%CD%"
set "FOUND=no"
findstr /I /C:"%HERE%" "%1" >nul && set "FOUND=yes"
findstr /I /C:"%HERE:\=/%" "%1" >nul && set "FOUND=yes"
echo %FOUND%  %1
""",
        "The wrappers no longer contain it. Files that a plain sh sources still do, because they cannot find their own location.",
        prepare=_environment,
        given=_MADE,
    ),
]
