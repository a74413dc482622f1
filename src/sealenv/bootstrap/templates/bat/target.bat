rem The cache: CACHE on the drive of this script if it is there, else TEMP.
:find_cache
set "SB_CACHE=%TEMP%"
if exist "%SB_DRIVE%\CACHE\" set "SB_CACHE=%SB_DRIVE%\CACHE"
set "SB_STORE=%SB_CACHE%\micromamba"
set "SB_PKGS=%SB_CACHE%\Python\pkgs"
call :text CONDA_PKGS_DIRS "CONDA_PKGS_DIRS" || exit /b 2
if not defined CONDA_PKGS_DIRS exit /b 0
call :without CONDA_PKGS_DIRS "*?<>|" "CONDA_PKGS_DIRS" || exit /b 2
rem conda takes a list; the first is the one that is written to.
for /f "tokens=1 delims=,;" %%A in ("%CONDA_PKGS_DIRS%") do set "SB_PKGS=%%A"
call :short SB_PKGS "CONDA_PKGS_DIRS" || exit /b 2
for %%I in ("%SB_PKGS%") do set "SB_PKGS=%%~fI"
exit /b 0

:find_prefix
if defined SB_PREFIX goto :resolve_prefix
if not defined SB_NAME set "SB_NAME=%SB_DEFAULT_NAME%"
call :check_name || exit /b 2
if defined SB_PYTHON set "SB_NAME=%SB_NAME%_%SB_PYTHON:.=_%"
call :text PY_ENVS "PY_ENVS" || exit /b 2
if defined PY_ENVS (
  set "SB_PREFIX=%PY_ENVS%\%SB_NAME%"
  goto :resolve_prefix
)
set "SB_PREFIX=%SB_DRIVE%\dev\Anaconda\envs\%SB_NAME%"
if not exist "%SB_DRIVE%\dev\Anaconda\envs\" set "SB_PREFIX=%SB_HERE%\%SB_NAME%"
:resolve_prefix
call :without SB_PREFIX ";*?<>|" "the folder of the environment" || exit /b 2
call :short SB_PREFIX "the folder of the environment" || exit /b 2
rem C:evil means a folder below whatever drive C: has for its current one: nobody means that.
set "SB_BAD="
if "%SB_PREFIX:~1,1%"==":" if not "%SB_PREFIX:~2,1%"=="\" if not "%SB_PREFIX:~2,1%"=="/" set "SB_BAD=1"
if "%SB_PREFIX:~-1%"=="\" set "SB_PREFIX=%SB_PREFIX:~0,-1%"
if "%SB_PREFIX:~-1%"=="/" set "SB_PREFIX=%SB_PREFIX:~0,-1%"
if "%SB_PREFIX:~-1%"=="." set "SB_BAD=1"
if "%SB_PREFIX:~-1%"==" " set "SB_BAD=1"
if not defined SB_BAD for %%I in ("%SB_PREFIX%") do set "SB_PREFIX=%%~fI"
if not "%SB_PREFIX:~1,2%"==":\" set "SB_BAD=1"
if "%SB_PREFIX:~0,3%"=="%SB_PREFIX%" set "SB_BAD=1"
if defined SB_BAD (
  call :fail 2 "the environment needs a folder on a drive, such as C:\envs\my_env" "%SB_PREFIX%" "use --prefix, or PY_ENVS"
  exit /b 2
)
call :short SB_PREFIX "the path of the environment" || exit /b 2
rem The launchers of conda.exe and others read the path of python in another encoding than it is written in.
for /f "delims=0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$&'()+,-./:=@[\]_`{}~ " %%A in ("%SB_PREFIX%") do set "SB_BAD=1"
if defined SB_BAD (
  call :fail 2 "conda.exe does not work below a folder whose name has other letters than ASCII" "%SB_PREFIX%" "use --prefix, PY_ENVS, or another current folder"
  exit /b 2
)
for %%I in ("%SB_PREFIX%") do set "SB_LEAF=%%~nxI"
for %%D in (base root) do if /I "%SB_LEAF%"=="%%D" (
  call :fail 2 "conda refuses an environment of this name" "%SB_PREFIX%" "choose another"
  exit /b 2
)
setlocal EnableDelayedExpansion
set "SB_T=!SB_PREFIX!\"
set "SB_U=!SB_T:%SystemRoot%\=!"
if "!SB_U!"=="!SB_T!" exit /b 0
endlocal
call :fail 2 "the environment would be inside Windows' own folder" "%SB_PREFIX%" "use --prefix, PY_ENVS, or another current folder"
exit /b 2

rem The same names as `sealenv create` takes.
:check_name
call :without SB_NAME "/\:;#*?<>|'`$&" "ENV_NAME" || exit /b 2
call :short SB_NAME "ENV_NAME" || exit /b 2
set "SB_BAD="
if "%SB_NAME:~0,1%"=="~" set "SB_BAD=1"
if "%SB_NAME:~0,1%"==" " set "SB_BAD=1"
if "%SB_NAME:~-1%"==" " set "SB_BAD=1"
if "%SB_NAME:~-1%"=="." set "SB_BAD=1"
for /f "delims=." %%A in ("%SB_NAME%") do set "SB_T=%%A"
for %%D in (con prn aux nul) do if /I "%SB_T%"=="%%D" set "SB_BAD=1"
for /L %%D in (0,1,9) do if /I "%SB_T%"=="com%%D" set "SB_BAD=1"
for /L %%D in (0,1,9) do if /I "%SB_T%"=="lpt%%D" set "SB_BAD=1"
for %%D in (base root) do if /I "%SB_NAME%"=="%%D" set "SB_BAD=1"
if not defined SB_BAD exit /b 0
call :fail 2 "ENV_NAME is no name for an environment on Windows" "%SB_NAME%" "choose letters, digits, underscores, hyphens and dots; not a device such as con, not base"
exit /b 2

rem A folder that is not there, an empty one, or one that an earlier run of this script left half made.
:check_target
set "SB_PENDING="
if not exist "%SB_PREFIX%" exit /b 0
call :is_link "%SB_PREFIX%" && (
  call :fail 7 "the target is a link" "%SB_PREFIX%" "name the folder that it leads to"
  exit /b 7
)
if not exist "%SB_PREFIX%\" (
  call :fail 7 "the target is a file" "%SB_PREFIX%" "choose another name"
  exit /b 7
)
if exist "%SB_PREFIX%\conda-meta\sealenv.pending" goto :check_pending
if exist "%SB_PREFIX%\conda-meta\history" goto :occupied
if exist "%SB_PREFIX%\python.exe" goto :occupied
call :finished && goto :occupied
call :is_empty "%SB_PREFIX%" && exit /b 0
rem An empty conda-meta alone: stopped before the marker was there.
dir /a /b "%SB_PREFIX%" >"%SB_WORK%\target.txt" 2>nul
set "SB_BAD="
for /f "usebackq delims=" %%A in ("%SB_WORK%\target.txt") do if /I not "%%A"=="conda-meta" set "SB_BAD=1"
if not defined SB_BAD call :is_empty "%SB_PREFIX%\conda-meta" && exit /b 0
call :fail 7 "the target is not an empty folder" "%SB_PREFIX%" "choose another name or folder; nothing is deleted that this script did not make"
exit /b 7
:occupied
call :fail 7 "there is an environment already" "%SB_PREFIX%" "choose another name, or remove it first with --remove"
exit /b 7
:check_pending
call :is_ours && set "SB_PENDING=1" && exit /b 0
call :fail 7 "the target is half made, and not by this script" "%SB_PREFIX%" "finish or remove it with what made it, such as sealenv remove"
exit /b 7

rem A seal, or the note that this script leaves.
:finished
for %%F in (sealenv sealenv.bootstrap) do if exist "%SB_PREFIX%\conda-meta\%%F" exit /b 0
exit /b 1

rem Whether the marker's first line is this script's. One that is empty was stopped in its first instant.
:is_ours
for %%I in ("%SB_PREFIX%\conda-meta\sealenv.pending") do if "%%~zI"=="0" exit /b 0
for /f "usebackq tokens=1" %%A in ("%SB_PREFIX%\conda-meta\sealenv.pending") do if "%%A"=="sealenv-bootstrap" exit /b 0
exit /b 1

rem :is_link FOLDER: a symbolic link or a junction.
:is_link
set "SB_T=%~a1"
if defined SB_T if not "%SB_T:l=%"=="%SB_T%" exit /b 0
exit /b 1

rem :only FOLDER NAME: whether this is all that is in it.
:only
set "SB_BAD=1"
dir /a /b "%~1" >"%SB_WORK%\listing.txt" 2>nul && set "SB_BAD="
for /f "usebackq delims=" %%A in ("%SB_WORK%\listing.txt") do if /I not "%%A"=="%~2" set "SB_BAD=1"
if defined SB_BAD exit /b 1
exit /b 0

:is_empty
dir /a /b "%~1" >"%SB_WORK%\listing.txt" 2>nul
for %%I in ("%SB_WORK%\listing.txt") do if "%%~zI"=="0" exit /b 0
exit /b 1

:check_post
if not defined SB_POST exit /b 0
call :without SB_POST "*?<>|" "the path of the --post script" || exit /b 2
call :short SB_POST "the path of the --post script" || exit /b 2
for %%I in ("%SB_POST%") do (
  set "SB_POST=%%~fI"
  set "SB_POST_NAME=%%~nxI"
  set "SB_T=%%~xI"
)
set "SB_BAD=1"
for %%E in (.bat .cmd) do if /I "%SB_T%"=="%%E" set "SB_BAD="
if not exist "%SB_POST%" set "SB_BAD=1"
if exist "%SB_POST%\" set "SB_BAD=1"
if not defined SB_BAD exit /b 0
call :fail 2 "the script of --post is not there, or no .bat or .cmd" "%SB_POST%" "check its path"
exit /b 2
