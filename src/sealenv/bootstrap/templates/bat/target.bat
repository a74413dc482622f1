rem The target is a new folder, an empty one, or one that an earlier run of this script left unfinished. Anything
rem else stays as it is.
:check_target
set "SB_PENDING="
if not exist "%SB_PREFIX%" exit /b 0
if exist "%SB_MARKER%" call :is_ours && set "SB_PENDING=1" && exit /b 0
if exist "%SB_MARKER%" call :fail 7 "another program left this unfinished" "%SB_PREFIX%" "finish or remove it with that program" & exit /b 7
if exist "%SB_PREFIX%\" call :is_bare && exit /b 0
call :fail 7 "this exists already" "%SB_PREFIX%" "choose another name, or remove it first"
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
