rem The target is a new folder, an empty one, or one that an earlier run of this script left unfinished. Anything
rem else stays as it is.
:check_target
set "SB_PENDING="
if not exist "%SB_PREFIX%" exit /b 0
if exist "%SB_MARKER%" call :is_ours && set "SB_PENDING=1" && exit /b 0
if exist "%SB_MARKER%" call :fail 7 "another program left this unfinished" "%SB_PREFIX%" "finish or remove it with that program" & exit /b 7
if exist "%SB_PREFIX%\" call :is_bare && exit /b 0
call :fail 7 "this exists already" "%SB_PREFIX%" "choose another name, or remove it first: --remove"
exit /b 7

rem The first line of our marker. A run that was stopped at once leaves an empty marker in an empty folder.
:is_ours
for %%I in ("%SB_MARKER%") do if "%%~zI"=="0" goto :is_bare
for /f "usebackq tokens=1" %%A in ("%SB_MARKER%") do if "%%A"=="sealenv-bootstrap" exit /b 0
exit /b 1

rem Whether the folder has nothing but conda-meta, and that nothing but the marker. No file name has a colon.
:is_bare
call :only "%SB_PREFIX%" conda-meta || exit /b 1
if not exist "%SB_META%\" exit /b 0
call :only "%SB_META%" sealenv.pending
exit /b %ERRORLEVEL%
:only
dir /a /b "%~1" >"%SB_WORK%\listing.txt" 2>nul
for /f "usebackq eol=: delims=" %%A in ("%SB_WORK%\listing.txt") do if /I not "%%A"=="%~2" exit /b 1
exit /b 0

rem --remove. The folder gets another name first: Windows refuses that while a program in it runs, and then
rem nothing has changed. rmdir alone removes the junction. \\?\ allows paths of more than 260 characters.
:remove
if not exist "%SB_PREFIX%\" call :fail 7 "there is no such environment" "%SB_PREFIX%" "check the name" & exit /b 7
for %%I in ("%SB_PREFIX%") do set "SB_T=%%~aI"
if not "%SB_T:l=%"=="%SB_T%" call :fail 7 "this is a link" "%SB_PREFIX%" "name the folder that it leads to" & exit /b 7
set "SB_OURS="
for %%N in (sealenv sealenv.bootstrap) do if exist "%SB_META%\%%N" set "SB_OURS=1"
if not defined SB_OURS if exist "%SB_MARKER%" call :is_ours && set "SB_OURS=1"
if not defined SB_OURS call :fail 7 "neither this script nor sealenv made this" "%SB_PREFIX%" "nothing was removed; check the name" & exit /b 7
if exist "%SB_META%\frozen" call :fail 7 "this environment is frozen" "%SB_META%\frozen" "nothing was removed; ask the one who froze it" & exit /b 7
if defined SB_DRY echo [INFO] Would remove    "%SB_PREFIX%"& exit /b 0
for %%I in ("%SB_WORK%") do set "SB_GONE=%SB_LEAF%.removing-%%~nxI"
ren "%SB_PREFIX%" "%SB_GONE%" 2>nul
if exist "%SB_PREFIX%\" call :fail 7 "the environment is in use" "%SB_PREFIX%" "close all its programs and shells; nothing was removed" & exit /b 7
for %%I in ("%SB_PREFIX%") do set "SB_GONE=%%~dpI%SB_GONE%"
rmdir "%SB_GONE%\pkgs" 2>nul
rmdir /S /Q "\\?\%SB_GONE%" 2>nul
if exist "%SB_GONE%\" call :fail 9 "cannot remove everything" "%SB_GONE%" "delete this folder when no program uses it" & exit /b 9
echo [INFO] Removed         "%SB_PREFIX%"
exit /b 0
