@rem Activate this environment in cmd.exe:   call PREFIX\activate.bat
@rem
@rem It starts no process and writes no file. From top to bottom: find the environment, refuse what must
@rem not be activated, set PATH, the prompt and the variables, run the scripts of the packages. The
@rem variables of this environment are in etc\sealenv\*.bat. `deactivate` (in a batch file: `call deactivate`)
@rem gives back what this script has changed.
@rem
@rem The first setlocal keeps the caller's settings. In the second, an exclamation mark in the path of this file is
@rem a plain character. In the third, !name! gives a value that cmd.exe does not read as a command.
@setlocal EnableExtensions
@setlocal DisableDelayedExpansion
@for %%I in ("%~dp0.") do @set "_sealenv_here=%%~fI"& @set "_sealenv_name=%%~nxI"
@setlocal EnableDelayedExpansion

@rem --- Refuse an environment that is unfinished or moved. Only the check at the end of `create` knows the
@rem first line of the marker.
@set "_sealenv_why="
@set "_sealenv_next="
@if not exist "!_sealenv_here!\etc\sealenv\env.bat" set "_sealenv_why=!_sealenv_here!\etc\sealenv\env.bat is missing"& set "_sealenv_next=sealenv repair"
__SEALENV_MOVED__
@if exist "!_sealenv_here!\conda-meta\sealenv.moving" set "_sealenv_why=a move of !_sealenv_here! was ended half way: its files hold two paths"& set "_sealenv_next=in that folder: sealenv move --here ."
@set "_sealenv_line="
@set "_sealenv_pending="
@if exist "!_sealenv_here!\conda-meta\sealenv.pending" set "_sealenv_pending=yes"
@if defined _sealenv_pending for /f "usebackq delims=" %%L in ("!_sealenv_here!\conda-meta\sealenv.pending") do @if not defined _sealenv_line set "_sealenv_line=%%L"
@if defined _sealenv_line if "!_sealenv_line!"=="!SEALENV_CHECK_TOKEN!" set "_sealenv_pending="
@if defined _sealenv_pending set "_sealenv_why=!_sealenv_here! was never finished: a create was interrupted, or is running"& set "_sealenv_next=run the same sealenv create again, or: sealenv remove"
@if defined _sealenv_why >&2 echo sealenv: nothing was activated: !_sealenv_why!
@if defined _sealenv_why >&2 echo   next: !_sealenv_next!
@if defined _sealenv_why exit /b 1

@rem --- The active environment stays as it is, if PATH begins with its folders, or its python.exe comes first.
@set "_sealenv_named="
@if /i "!CONDA_PREFIX!"=="!_sealenv_here!" set "_sealenv_named=yes"
@if defined SEALENV_PREFIX if /i not "!SEALENV_PREFIX!"=="!_sealenv_here!" set "_sealenv_named="
@set "_sealenv_path=!PATH!;"
@if defined _sealenv_named for %%F in ("!_sealenv_here!;" "!_sealenv_here!\condabin;") do @if /i "%%~F!_sealenv_path:*;=!"=="!_sealenv_path!" exit /b 0
@if defined _sealenv_named for %%I in (python.exe) do @if /i "%%~dp$PATH:I"=="!_sealenv_here!\" exit /b 0
@if defined _sealenv_named >&2 echo sealenv: this environment is active, but its programs are not first on PATH.
@if defined _sealenv_named >&2 echo   next: open a new Command Prompt, or: sealenv shell --clean "!_sealenv_here!"
@if defined _sealenv_named exit /b 1

@rem --- Refuse a shell that is not clean. A line of more than 8191 characters is not run, and the next one is:
@rem PATH would be the old one.
@set "_sealenv_found="
@set "_sealenv_rest="
@if defined PATH set "_sealenv_rest=!PATH:~6000!"
@if defined _sealenv_rest if not "!_sealenv_rest:~0,1!"=="!_sealenv_rest!" >&2 echo sealenv: PATH has more than 6000 characters, too many for cmd.exe. Next: shorten it, or sealenv run& exit /b 1
__SEALENV_GATE__
@set "_sealenv_other="
@for %%F in (conda-meta pyvenv.cfg) do @for %%I in ("!PATH:;=" "!") do @if exist "%%~I\%%F" if /i not "%%~I"=="!_sealenv_here!" set "_sealenv_other=%%~I"
@for %%F in (conda-meta pyvenv.cfg) do @for %%I in ("!PATH:;=" "!") do @if /i "%%~nxI"=="Scripts" if exist "%%~dpI%%F" if /i not "%%~dpI"=="!_sealenv_here!\" set "_sealenv_other=%%~I"
@if defined _sealenv_other >&2 echo   PATH=!_sealenv_other!: __SEALENV_ON_PATH__& set "_sealenv_found=yes"
@if defined _sealenv_found >&2 echo sealenv: this shell is not clean, so !_sealenv_name! was not activated.
@if defined _sealenv_found >&2 echo   next: open a new Command Prompt, or: sealenv shell --clean "!_sealenv_here!"
@if defined _sealenv_found exit /b 1

@rem --- PATH: the order of CEP 32, but the wrappers in condabin before the programs that they wrap. System32 is
@rem never lost.
@set "_sealenv_head=!_sealenv_here!;!_sealenv_here!\condabin;"
@set "_sealenv_msys="
@for %%I in (clangarm64 mingw64 clang64 ucrt64) do @if exist "!_sealenv_here!\Library\%%I\bin\" set "_sealenv_msys=!_sealenv_here!\Library\%%I\bin;"
@set "_sealenv_head=!_sealenv_head!!_sealenv_msys!!_sealenv_here!\Library\mingw-w64\bin;!_sealenv_here!\Library\usr\bin;!_sealenv_here!\Library\bin;!_sealenv_here!\Scripts;!_sealenv_here!\bin;"
@set "_sealenv_path=;!PATH!;"
@if defined SystemRoot if "!_sealenv_path:;%SystemRoot%\System32;=!"=="!_sealenv_path!" set "_sealenv_head=!_sealenv_head!%SystemRoot%\System32;%SystemRoot%;%SystemRoot%\System32\Wbem;"

@rem The prompt: a dollar sign in it is written twice.
@set "_sealenv_shown=(!_sealenv_name:$=$$!) "
@if defined SEALENV_NO_PROMPT set "_sealenv_shown="
@for %%I in (false no off 0) do @if /i "!CONDA_CHANGEPS1!"=="%%I" set "_sealenv_shown="

@rem End the three levels: what follows changes the caller's variables, in the caller's mode.
@if defined _sealenv_shown for /f "delims=" %%H in ("!_sealenv_head!") do @for /f "delims=" %%S in ("!_sealenv_shown!") do @endlocal & @endlocal & @endlocal & @set "_sealenv_head=%%H" & @set "_sealenv_shown=%%S"
@if not defined _sealenv_shown for /f "delims=" %%H in ("!_sealenv_head!") do @endlocal & @endlocal & @endlocal & @set "_sealenv_head=%%H"

@rem --- Keep the old values for `deactivate`. Where delayed expansion is on, a text that comes from FOR would
@rem lose its exclamation marks. PATH and PROMPT may begin with a semicolon, which FOR skips by default.
__SEALENV_KEEP__
@if "!!"=="" (@set "PATH=!_sealenv_head!!PATH!") else @setlocal EnableDelayedExpansion & @for /f "delims=" %%A in ("!_sealenv_head!!PATH!") do @endlocal & @set "PATH=%%A"
@if defined _sealenv_shown if not defined PROMPT set "PROMPT=$P$G"
@if defined _sealenv_shown if "!!"=="" (@set "PROMPT=!_sealenv_shown!!PROMPT!") else @setlocal EnableDelayedExpansion & @for /f "delims=" %%A in ("!_sealenv_shown!!PROMPT!") do @endlocal & @set "PROMPT=%%A"
@set "_sealenv_head="
@set "_sealenv_shown="

@rem --- Set the variables, in the order of CEP 32, and run the scripts of the packages. Nothing in these lines
@rem depends on the caller's mode.
@call "%~dp0etc\sealenv\env.bat"
@for %%I in ("%~dp0.") do @set "CONDA_PREFIX=%%~fI"& @set "CONDA_DEFAULT_ENV=%%~nxI"& @set "CONDA_PROMPT_MODIFIER=(%%~nxI) "
@set "CONDA_SHLVL=1"
@for %%I in ("%~dp0.") do @set "MAMBA_ROOT_PREFIX=%%~fI"& @set "SEALENV_PREFIX=%%~fI"
@set "PYTHONNOUSERSITE=1"
@rem No pip.ini, and no .condarc or .mambarc but the environment's own.
@set "PIP_CONFIG_FILE=nul"
@if exist "%~dp0.condarc" for %%I in ("%~dp0.") do @set "CONDARC=%%~fI\.condarc"& @set "MAMBARC=%%~fI\.condarc"
@rem Which programs the wrappers start: conda.bat keeps another conda that a hook has left here.
@if exist "%~dp0condabin\conda.bat" for %%I in ("%~dp0.") do @set "CONDA_BAT=%%~fI\condabin\conda.bat"& @set "CONDA_EXE=%%~fI\Scripts\conda.exe"& @set "CONDA_PYTHON_EXE=%%~fI\python.exe"
@if exist "%~dp0Library\bin\mamba.exe" for %%I in ("%~dp0.") do @set "MAMBA_EXE=%%~fI\Library\bin\mamba.exe"
@if exist "%~dp0etc\sealenv\scripts.bat" call "%~dp0etc\sealenv\scripts.bat"
@exit /b 0
