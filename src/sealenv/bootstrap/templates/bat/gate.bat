rem One shell, one environment: an active one would decide which files programs use.
:check_shell
__SEALENV_GATE__
set "SB_T=%PATH:"=%"
for %%D in ("%SB_T:;=" "%") do call :gate_folder "%%~D" || set "SB_DIRTY=1"
if not defined SB_DIRTY exit /b 0
call :fail 3 "this shell is not clean: see above" "" "clear the variables, or open a new cmd.exe window"
exit /b 3

rem :gate NAME "values that mean nothing" "what it means" "how to clear it"
:gate
if not defined %~1 exit /b 0
setlocal EnableDelayedExpansion
for %%W in (%~2) do if /I "!%~1!"=="%%W" exit /b 0
>&2 echo   %~1=!%~1!
>&2 echo       %~3; to clear it: %~4
exit /b 1

rem :gate_folder FOLDER: one folder on PATH. An environment has its programs in itself, in Scripts and in bin.
:gate_folder
if "%~1"=="" exit /b 0
set "SB_T=%~1"
for %%I in ("%~1\.") do for %%N in (Scripts bin) do if /I "%%~nxI"=="%%N" set "SB_T=%~1\.."
if not exist "%SB_T%\conda-meta\" if not exist "%SB_T%\pyvenv.cfg" exit /b 0
>&2 echo   PATH: "%~1"
>&2 echo       __SEALENV_ON_PATH_SAID__
exit /b 1
