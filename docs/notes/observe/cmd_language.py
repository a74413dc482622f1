"""Observations of cmd.exe itself: what it does with the lines that scripts are made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docs.notes.observe.note import Observation


def _tools(stage: Any, folder: Path) -> None:
    stage.tool(folder, "Scripts/tool.exe", "both/tool.exe")


def _program(stage: Any, folder: Path) -> None:
    stage.tool(folder, "tool.exe")


def cmd(name: str, question: str, script: str, answer: str, **more: Any) -> Observation:
    """An observation in cmd.exe."""
    return Observation(f"cmd-{name}", question, script, "cmd", answer, **more)


OBSERVATIONS = [
    cmd(
        "which-file-runs",
        "Which file does a bare name start, where `condabin` has `tool.bat` and `Scripts` has `tool.exe`?",
        r"""
set "SYSTEM=%SystemRoot%\System32"
set "PATH=%CD%\condabin;%CD%\Scripts;%SYSTEM%"
echo condabin first:
call tool p said.txt
set "PATH=%CD%\Scripts;%CD%\condabin;%SYSTEM%"
echo Scripts first:
call tool -n p said.txt
echo Scripts first, with the extension:
call tool.bat
echo both in one folder:
set "PATH=%CD%\both;%SYSTEM%"
call tool -n p said.txt
echo the current folder, whatever PATH says:
cd condabin
call tool
""",
        "The first folder of `PATH` decides, and the extension only within one folder (`.exe` before `.bat`). "
        "The current folder comes before all of `PATH`.",
        files={
            "condabin/tool.bat": "@echo   tool.bat ran\n",
            "both/tool.bat": "@echo   tool.bat ran\n",
            "said.txt": "  tool.exe ran\n",
        },
        prepare=_tools,
        given="`tool.exe`, a real program, in `Scripts` and in `both`.",
    ),
    cmd(
        "where-shows-the-order",
        "Which files would a bare name find, in which order?",
        r"""
set "PATH=%CD%\condabin;%CD%\Scripts;%SystemRoot%\System32"
for %%I in (tool.bat tool.exe) do echo %%I: "%%~$PATH:I"
for %%I in (tool.cmd) do echo %%I: "%%~$PATH:I"
""",
        "`%%~$PATH:I` names the first folder of `PATH` that holds exactly this file name, or nothing. It "
        "starts no program and is the same in every cmd.exe.",
        files={"condabin/tool.bat": "@echo tool.bat\n"},
        prepare=_tools,
        given="`tool.exe` in `Scripts`.",
    ),
    cmd(
        "call",
        "What happens to the rest of a batch file after a wrapper that was started without `CALL`?",
        r"""
cmd /d /c with-call.bat
cmd /d /c without-call.bat
""",
        "Without `CALL` the control goes to the other batch file and does not come back: the line after it "
        "never runs, and nothing says so.",
        files={
            "wrapper.bat": "@echo the wrapper\n",
            "with-call.bat": "@call wrapper.bat\n@echo with CALL: the next line\n",
            "without-call.bat": "@wrapper.bat\n@echo without CALL: the next line\n",
        },
    ),
    cmd(
        "call-expands-twice",
        "What does `CALL` do with a percent sign and a caret in an argument?",
        r"""
set "NAME=value"
call show.bat "50%%NAME%%"
call show.bat "a^b"
show.bat "50%%NAME%%"
""",
        "`CALL` reads its line once more: a variable's name between percent signs is expanded although they "
        "were doubled. Without `CALL` the text arrives as it is. (Windows also doubles a caret in quotes after "
        "`CALL`; Wine does not.)",
        files={"show.bat": "@echo [%1]\n"},
    ),
    cmd(
        "exclamation-errorlevel",
        "Does `if not !ERRORLEVEL! equ 0` tell a failure from a success?",
        r"""
cmd /d /c exit 0
if not !ERRORLEVEL! equ 0 echo after exit code 0: taken for a failure
cmd /d /c exit 7
if not !ERRORLEVEL! equ 0 echo after exit code 7: taken for a failure
setlocal EnableDelayedExpansion
cmd /d /c exit 0
if not !ERRORLEVEL! equ 0 echo with EnableDelayedExpansion, after 0: taken for a failure
cmd /d /c exit 7
if not !ERRORLEVEL! equ 0 echo with EnableDelayedExpansion, after 7: taken for a failure
""",
        "Without `setlocal EnableDelayedExpansion` the exclamation marks are text: the text `!ERRORLEVEL!` is "
        "never equal to `0`, so every download is taken for a failure.",
    ),
    cmd(
        "errorlevel-in-a-block",
        "When is `%ERRORLEVEL%` in a block read?",
        r"""
cmd /d /c exit 0
if "1"=="1" (
  cmd /d /c exit 7
  echo in the block, with percent signs: %ERRORLEVEL%
  if errorlevel 1 echo in the block, IF ERRORLEVEL: a failure
)
echo after the block: %ERRORLEVEL%
""",
        "A block in parentheses is expanded once, before its first command runs: `%ERRORLEVEL%` in it is that of "
        "before the block. `IF ERRORLEVEL` asks when it runs.",
    ),
    cmd(
        "errorlevel-after-echo",
        "Does `echo` change the error level?",
        r"""
cmd /d /c exit 7
echo:
echo text
set "X=1"
echo after echo and set: %ERRORLEVEL%
""",
        "Neither `echo` nor `set` changes it in a `.bat`: `%ERRORLEVEL%` after some lines of `echo` is still that "
        "of the program before.",
    ),
    cmd(
        "exit-code-of-a-batch-file",
        "Which exit code leaves a batch file that ends after `endlocal`?",
        r"""
call code.bat
echo endlocal ^& exit /b %%RC%%: %ERRORLEVEL%
call none.bat
echo the last program's: %ERRORLEVEL%
""",
        "`endlocal & exit /b %RC%` on one line is expanded before `endlocal` takes the variable away, and hands the "
        "code over. Without `exit /b` the code of the last program stays.",
        files={
            "code.bat": '@setlocal\n@set "RC=5"\n@endlocal & exit /b %RC%\n',
            "none.bat": "@cmd /d /c exit 4\n",
        },
    ),
    cmd(
        "setlocal",
        "What does a batch file leave behind in the shell that called it?",
        r"""
set "KEPT="
call leaks.bat
echo after leaks.bat: [%KEPT%] in "%CD%"
cd /d "%~dp0"
set "KEPT="
call keeps.bat
echo after keeps.bat: [%KEPT%] in "%CD%"
""",
        "Without `setlocal` variables and the current folder change for the caller. With it both are given back at "
        "the end of the batch file, whichever way it ends.",
        files={
            "leaks.bat": "@set KEPT=changed\n@cd /d %SystemRoot%\n",
            "keeps.bat": "@setlocal\n@set KEPT=changed\n@cd /d %SystemRoot%\n",
        },
    ),
    cmd(
        "gate-message",
        "What does the original's gate print for a variable that is set?",
        r"""
set "PYTHONPATH=C:\other"
for %%V in (PYTHONPATH) do if defined %%V echo [WARN] %%V=%%V%%
for %%V in (PYTHONPATH) do if defined %%V call echo [WARN] %%V=%%%%V%%
""",
        "`%%V%%` is the name and a percent sign: the value is never shown. A second expansion, by `CALL` or by "
        "delayed expansion, is needed.",
    ),
    cmd(
        "upstream-install-bat",
        "What do four lines of the form that upstream's install.bat has do?",
        r"""
RELEASE_URL="https://example.invalid/latest/download/micromamba-win-64"
echo 1: the address is [%RELEASE_URL%]
set "INITIALIZE="
if "%INITIALIZE"=="" echo 2: an empty answer was recognised
echo 3: before the condition
cmd /d /c condition.bat
echo 4: exit code %ERRORLEVEL% of the file with the condition
""",
        "An assignment without `SET` is the name of a program that does not exist, so the address is empty. "
        '`"%INITIALIZE"` lacks a percent sign and is never empty. `IF` knows no `||`: what Wine makes of '
        "it and what Windows says differ, and neither runs the block on either answer.",
        files={
            "condition.bat": (
                '@set "A=y"\n@set "B="\n@if "%A%"=="y" || "%B%"=="" (\n@echo    the block\n)\n'
                "@echo    after the block\n"
            )
        },
    ),
    cmd(
        "parenthesis-in-a-path",
        "What does an unquoted path with a parenthesis do in a block?",
        r"""
set "PY_ENVS=C:\Program Files (x86)\envs"
if defined PY_ENVS (set "QUOTED=%PY_ENVS%")
echo quoted:   [%QUOTED%]
if defined PY_ENVS (set BARE=%PY_ENVS%)
echo unquoted: [%BARE%]
""",
        "The parenthesis in the path ends the block. In quotes it is text.",
    ),
    cmd(
        "for-f-and-a-space",
        "Does `for /f` read a file below a folder with a space in its name?",
        r"""
for /f %%I in (a b\path.txt) do echo unquoted: %%I
for /f "usebackq delims=" %%I in ("a b\path.txt") do echo usebackq and delims=: %%I
for /f "usebackq" %%I in ("a b\path.txt") do echo usebackq alone: %%I
""",
        "Unquoted, the two words are two files that do not exist. `usebackq` reads it; without `delims=` what is read "
        "ends at the first space.",
        files={"a b/path.txt": "C:\\Temp folder\\script.bat\n"},
    ),
    cmd(
        "redirected-spec",
        "What does `numpy>=1.26` do without quotes?",
        r"""
call show.bat install numpy>=1.26
echo files named after the version:
dir /b *1.26*
del *1.26*
call show.bat install "numpy>=1.26"
""",
        "`>` is a redirection: the spec loses its version, and what the program says goes into a file of that name. "
        "In quotes it arrives whole.",
        files={"show.bat": "@echo got: %*\n"},
    ),
    cmd(
        "dp0",
        "How does a batch file find its own folder, from anywhere?",
        r"""
cd /d "%SystemRoot%"
call "%~dp0env\__home__\build.bat"
""",
        "`%~dp0` is the folder of the batch file with a backslash at its end. `FOR` with `%%~fI` makes the path "
        "above it whole, without a change of the current folder.",
        files={
            "env/__home__/build.bat": (
                '@echo current folder: "%CD%"\n@echo %%~dp0:         "%~dp0"\n'
                '@for %%I in ("%~dp0..") do @echo environment:    "%%~fI"\n'
            )
        },
    ),
    cmd(
        "own-place-by-cd",
        "What does the `cd` form of a self-locating wrapper leave behind?",
        r"""
cd /d "%SystemRoot%"
call "%~dp0condabin\by-cd.bat"
echo by cd:  root "%ROOT%", CUR_DIR [%CUR_DIR%]
call "%~dp0condabin\by-for.bat"
echo by FOR: root "%ROOT%"
""",
        "Both find the folder. The first needs a variable more, and changes the current folder for a moment: "
        "from a network path, which cmd.exe cannot have as its current folder, there is no way back.",
        files={
            "condabin/by-cd.bat": (
                '@set CUR_DIR=%CD%\n@cd /d "%~dp0.."\n@set ROOT=%CD%\n@cd /d "%CUR_DIR%"\n'
            ),
            "condabin/by-for.bat": '@for %%I in ("%~dp0..") do @set "ROOT=%%~fI"\n',
        },
    ),
    cmd(
        "lost-path",
        "What does a shell do whose environment is broken, where a second Python is on `PATH`?",
        r"""
set "PATH=%CD%\envs\mine;%CD%\system;%SystemRoot%\System32"
echo whole:
call python
ren envs\mine\python.bat lost.bat
echo broken, with a system Python behind it:
call python
set "PATH=%CD%\envs\mine;%SystemRoot%\System32"
echo broken, and nothing behind it:
call python
echo exit code %ERRORLEVEL%
""",
        "If a second Python follows on PATH, the wrong one runs without a message. Otherwise the name is not found, and the script ends with an error.",
        files={
            "envs/mine/python.bat": "@echo   the Python of the environment\n",
            "system/python.bat": "@echo   the Python of the system\n",
        },
    ),
    cmd(
        "autorun-value",
        "How is the AutoRun value read, written and removed?",
        r"""
set "KEY=HKCU\Software\Microsoft\Command Processor"
reg query "%KEY%" /v AutoRun >nul 2>nul
echo before: exit code %ERRORLEVEL%
reg add "%KEY%" /v AutoRun /t REG_SZ /d "\"C:\envs\py\condabin\mamba_hook.bat\"" /f
reg query "%KEY%" /v AutoRun
reg delete "%KEY%" /v AutoRun /f
reg query "%KEY%" /v AutoRun
echo exit code %ERRORLEVEL%
""",
        "The exit code of `reg query` shows whether the value exists. Wine does not run it when cmd.exe starts; Windows does, unless `/d` is given.",
    ),
    cmd(
        "long-paths-value",
        "How is LongPathsEnabled read and written?",
        r"""
set "KEY=HKLM\SYSTEM\CurrentControlSet\Control\FileSystem"
reg query "%KEY%" /v LongPathsEnabled
echo exit code %ERRORLEVEL%
reg add "%KEY%" /v LongPathsEnabled /t REG_DWORD /d 1 /f
reg query "%KEY%" /v LongPathsEnabled
reg delete "%KEY%" /v LongPathsEnabled /f
""",
        "One value of type DWORD. On Windows writing it needs an administrator; reading it does not.",
    ),
    cmd(
        "trailing-space",
        "What does an unquoted `set` do with a space at the end of the line?",
        r"""
set PLAIN=my_env & rem a space before the ampersand
set "QUOTED=my_env" & rem the same
echo plain:  [%PLAIN%]
echo quoted: [%QUOTED%]
""",
        "Without quotes the space is part of the value, and of every path that is built from it.",
    ),
]
