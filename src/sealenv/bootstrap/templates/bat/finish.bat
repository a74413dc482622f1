:copy_templates
for %%D in (__home__ __shortcut__ __AppData__) do call :copy_template %%D || exit /b 9
exit /b 0
:copy_template
if exist "%SB_PREFIX%\%1\" exit /b 0
set "SB_T=%SB_SCRIPT%%1"
if not exist "%SB_T%\" set "SB_T=%SB_SCRIPT%..\..\%1"
if not exist "%SB_T%\" exit /b 0
rem By python, which has just been proved to work: xcopy has its own mind about some characters in a path.
"%SB_PREFIX%\python.exe" -I -c "import shutil,sys;shutil.copytree(sys.argv[1],sys.argv[2],symlinks=True)" "%SB_T%" "%SB_PREFIX%\%1"
if not errorlevel 1 exit /b 0
call :fail 9 "a template folder could not be copied" "%SB_T%" "make room, or mend its permissions"
exit /b 9

rem The build phase: the script lies in __home__ and activates by a relative path. It gets the terminal.
:run_post
if not exist "%SB_PREFIX%\__home__\" mkdir "%SB_PREFIX%\__home__" 2>nul
set "SB_T=%SB_PREFIX%\__home__\%SB_POST_NAME%"
if /I not "%SB_T%"=="%SB_POST%" copy /Y /B "%SB_POST%" "%SB_T%" >nul 2>nul
if not exist "%SB_T%" (
  call :fail 10 "the script of --post could not be copied" "%SB_T%" "the environment is made and kept"
  exit /b 10
)
echo [INFO] Running "%SB_T%"
setlocal
for %%P in (CONDA MAMBA PYTHON) do call :forget %%P
set "CONDA_PKGS_DIRS=%SB_PKGS%"
cd /d "%SB_PREFIX%\__home__"
call :forget SB_ & "%SB_SYS%\cmd.exe" /d /c call "%SB_T%"
set "SB_BAD=%ERRORLEVEL%"
endlocal & set "SB_BAD=%SB_BAD%"
cd /d "%SB_HERE%"
if "%SB_BAD%"=="0" exit /b 0
call :fail 10 "the script of --post failed with exit code %SB_BAD%" "%SB_T%" "the environment is made and kept; mend the script and run it again"
exit /b 10

rem --- --remove ------------------------------------------------------------------------------------------

rem Only what carries our marker or a seal. First it gets another name, all at once: that fails while a program
rem runs from it or a shell stands in it, and then nothing was touched. The junction goes without /S.
:remove
call :is_link "%SB_PREFIX%" && (
  call :fail 7 "this is a link: nothing is removed" "%SB_PREFIX%" "name the folder that it leads to"
  exit /b 7
)
if not exist "%SB_PREFIX%\" (
  call :fail 7 "there is no environment" "%SB_PREFIX%" "check the name"
  exit /b 7
)
set "SB_BAD=1"
call :finished && set "SB_BAD="
if exist "%SB_PREFIX%\conda-meta\sealenv.pending" call :is_ours && set "SB_BAD="
call :is_link "%SB_PREFIX%\conda-meta" && set "SB_BAD=1"
if defined SB_BAD (
  call :fail 7 "this carries no mark of this script and no seal: nothing is removed" "%SB_PREFIX%" "remove it with what made it, such as sealenv remove"
  exit /b 7
)
if exist "%SB_PREFIX%\conda-meta\frozen" (
  call :fail 7 "this environment is frozen: nothing is removed" "%SB_PREFIX%\conda-meta\frozen" "ask who froze it"
  exit /b 7
)
if defined SB_DRY (
  echo [INFO] Would remove:   "%SB_PREFIX%"
  echo [INFO] Dry run: nothing was removed.
  exit /b 0
)
for %%I in ("%SB_PREFIX%") do (
  set "SB_GONE=%%~nxI.removing-%RANDOM%%RANDOM%"
  set "SB_T=%%~dpI"
)
ren "%SB_PREFIX%" "%SB_GONE%" 2>nul
if exist "%SB_PREFIX%\" (
  call :fail 7 "the environment is in use, or may not be changed: nothing is removed" "%SB_PREFIX%" "close every program and shell that uses it"
  exit /b 7
)
set "SB_GONE=%SB_T%%SB_GONE%"
if not exist "%SB_GONE%\conda-meta\sealenv.pending" 2>nul >"%SB_GONE%\conda-meta\sealenv.pending" echo sealenv-bootstrap %SB_VERSION% removing
rmdir "%SB_GONE%\pkgs" 2>nul
set "SB_BAD=1"
cd /d "%SB_GONE%" 2>nul || goto :not_entered
for /d %%I in (*) do (
  set "SB_ITEM=%%I"
  call :drop_part
)
for %%I in (*) do del /F /Q "%SB_GONE%\%%I" 2>nul
set "SB_BAD="
for /d %%I in (*) do if /I not "%%~nxI"=="conda-meta" set "SB_BAD=1"
for %%I in (*) do set "SB_BAD=1"
:not_entered
cd /d "%SB_HERE%"
if not defined SB_BAD rmdir /S /Q "%SB_GONE%" 2>nul
if not exist "%SB_GONE%\" (
  echo [INFO] Removed:        "%SB_PREFIX%"
  exit /b 0
)
call :fail 9 "not everything could be removed" "%SB_GONE%" "close what uses it, then --remove with --prefix and this folder"
exit /b 9
:drop_part
setlocal EnableDelayedExpansion
if /I "!SB_ITEM!"=="conda-meta" exit /b 0
set "SB_T=l"
for %%I in ("!SB_ITEM!") do set "SB_T=%%~aI"
if defined SB_T if "!SB_T:l=!"=="!SB_T!" rmdir /S /Q "!SB_ITEM!" 2>nul
if exist "!SB_ITEM!\" rmdir "!SB_ITEM!" 2>nul
exit /b 0
