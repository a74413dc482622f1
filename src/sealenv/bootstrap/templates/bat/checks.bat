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

rem The target is a new folder, an empty one, or one that an earlier run of this script left unfinished. Anything
rem else stays as it is. The listing has hidden files too. A run that was stopped at once leaves an empty marker.
:check_target
set "SB_PENDING="
call :is_ours && set "SB_PENDING=1" && exit /b 0
dir /a /b "%SB_PREFIX%" >"%SB_WORK%\listing.txt" 2>nul
dir /a /b "%SB_META%" >>"%SB_WORK%\listing.txt" 2>nul
set "SB_T="
for /f "usebackq eol=: delims=" %%A in ("%SB_WORK%\listing.txt") do if /I not "%%A"=="conda-meta" if /I not "%%A"=="sealenv.pending" set "SB_T=1"
if exist "%SB_MARKER%" for %%I in ("%SB_MARKER%") do if not "%%~zI"=="0" set "SB_T=1"
if not defined SB_T exit /b 0
call :fail 7 "this exists already, and no earlier run of this script left it" "%SB_PREFIX%" "choose another name, or remove it first"
exit /b 7

:is_ours
if exist "%SB_MARKER%" for /f "usebackq tokens=1" %%A in ("%SB_MARKER%") do if "%%A"=="sealenv-bootstrap" exit /b 0
exit /b 1
