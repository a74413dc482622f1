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
