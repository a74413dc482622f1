:make_cache
if not exist "%SB_PKGS%\" mkdir "%SB_PKGS%" 2>nul
if exist "%SB_PKGS%\" exit /b 0
call :fail 9 "the package cache cannot be made" "%SB_PKGS%" "set CONDA_PKGS_DIRS to a folder that you may write"
exit /b 9

rem With the marker in hand: what is there now? Whoever made an environment here since we looked keeps it, without
rem a marker of ours.
:make
set "SB_STARTED=1"
set "SB_UNMARK="
set "SB_PENDING="
set "SB_SIZE="
for %%I in ("%SB_MARKER%") do set "SB_SIZE=%%~zI"
if not defined SB_MADE if not "%SB_SIZE%"=="0" goto :was_marked
rem An empty one is not ours yet: either the redirection made it just now, because another run took the old one
rem away, or a run was stopped before it wrote.
set "SB_UNMARK=1"
call :finished && goto :came_late
if not defined SB_MADE set "SB_UNMARK="
call :only "%SB_PREFIX%" conda-meta || goto :came_late
call :only "%SB_PREFIX%\conda-meta" sealenv.pending || goto :came_late
set "SB_UNMARK="
if not defined SB_MADE (
  set "SB_AGAIN=1"
  exit /b 0
)
if not "%SB_SIZE%"=="0" goto :marked
set "SB_UNMARK=1"
call :fail 9 "the marker cannot be written" "%SB_MARKER%" "make room"
exit /b 9
:came_late
call :fail 7 "something was put into the target meanwhile" "%SB_PREFIX%" "look into it, and choose another name; nothing of it was touched"
exit /b 7
:was_marked
call :is_ours && set "SB_PENDING=1" && goto :marked
call :fail 7 "the target is half made, and not by this script" "%SB_PREFIX%" "finish or remove it with what made it, such as sealenv remove"
exit /b 7
:marked
if defined SB_PENDING (
  echo [INFO] Replacing the half-made environment of an earlier run.
  call :empty_pending || exit /b 9
)
call :fill
exit /b %SB_RC%

rem Everything but the marker and the user's own folders.
:empty_pending
rem From inside: FOR in Wine finds nothing behind a path with a space.
cd /d "%SB_PREFIX%" 2>nul || goto :not_emptied
for /d %%I in (*) do (
  set "SB_ITEM=%%I"
  call :drop_folder
)
for %%I in (*) do del /F /Q "%SB_PREFIX%\%%I" 2>nul
cd /d "%SB_PREFIX%\conda-meta" 2>nul || goto :not_emptied
for /d %%I in (*) do rmdir /S /Q "%SB_PREFIX%\conda-meta\%%I" 2>nul
for %%I in (*) do if /I not "%%~nxI"=="sealenv.pending" del /F /Q "%SB_PREFIX%\conda-meta\%%I" 2>nul
:not_emptied
cd /d "%SB_HERE%"
if not exist "%SB_PREFIX%\conda-meta\history" if not exist "%SB_PREFIX%\python.exe" exit /b 0
call :fail 9 "the half-made environment cannot be taken away" "%SB_PREFIX%" "close what uses it, then run the same command again"
exit /b 9
rem :drop_folder: SB_ITEM in the current folder. A junction goes without /S, so that what it leads to stays. Its
rem name may be anything: CALL would expand a percent sign in it, and then another folder would go.
:drop_folder
setlocal EnableDelayedExpansion
for %%D in (conda-meta __home__ __shortcut__ __AppData__) do if /I "!SB_ITEM!"=="%%D" exit /b 0
rmdir "!SB_ITEM!" 2>nul
set "SB_T=l"
for %%I in ("!SB_ITEM!") do set "SB_T=%%~aI"
if defined SB_T if "!SB_T:l=!"=="!SB_T!" rmdir /S /Q "!SB_ITEM!" 2>nul
exit /b 0

rem A clean environment with a home folder of its own; the caller has said setlocal.
:own_home
for %%P in (__SEALENV_FORGOTTEN__ XDG_) do call :forget %%P
set "CONDA_PKGS_DIRS="
for %%D in (home root tmp home\AppData home\AppData\Roaming home\AppData\Local) do mkdir "%SB_WORK%\%%D" 2>nul
set "HOME=%SB_WORK%\home"
set "USERPROFILE=%SB_WORK%\home"
set "HOMEDRIVE=%SB_WORK:~0,2%"
set "HOMEPATH=%SB_WORK:~2%\home"
set "APPDATA=%SB_WORK%\home\AppData\Roaming"
set "LOCALAPPDATA=%SB_WORK%\home\AppData\Local"
set "XDG_CONFIG_HOME=%SB_WORK%\home\.config"
set "XDG_CACHE_HOME=%SB_WORK%\home\.cache"
set "XDG_DATA_HOME=%SB_WORK%\home\.local\share"
rem mamba.bat breaks at a space in TMP; the short name has none where the volume keeps short names.
for %%I in ("%SB_WORK%\tmp") do set "TMP=%%~sI"
set "TEMP=%TMP%"
exit /b 0

rem pkgs in the prefix is conda's and mamba's package cache, shared by all environments.
:link_pkgs
if exist "%SB_PREFIX%\pkgs\" rmdir "%SB_PREFIX%\pkgs" 2>nul
if exist "%SB_PREFIX%\pkgs\" (
  echo [WARN] "%SB_PREFIX%\pkgs" is a folder of its own: it was left as it is.
  exit /b 0
)
mklink /J "%SB_PREFIX%\pkgs" "%SB_PKGS%" >nul 2>nul
if not errorlevel 1 if exist "%SB_PREFIX%\pkgs\" exit /b 0
echo [WARN] No junction to the package cache could be made. conda and mamba of this environment will keep
echo        a cache of their own in it, unless CONDA_PKGS_DIRS is set when they are used.
exit /b 0
