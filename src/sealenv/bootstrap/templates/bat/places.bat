rem The environment is made in PY_ENVS, else in DRIVE:\dev\Anaconda\envs on the drive of this script, else in the
rem current folder. The cache is DRIVE:\CACHE, else TEMP.
for %%V in (ENV_PREFIX PY_ENVS CACHE CONDA_PKGS_DIRS TEMP) do call :place %%V %%V || goto :end
for %%I in (.) do set "SB_T=%%~fI"
if exist "%SB_DRIVE%\dev\Anaconda\envs\" set "SB_T=%SB_DRIVE%\dev\Anaconda\envs"
if defined PY_ENVS set "SB_T=%PY_ENVS%"
set "SB_PREFIX=%SB_T%\%ENV_NAME%"
if defined ENV_PREFIX set "SB_PREFIX=%ENV_PREFIX%"
call :place SB_PREFIX "the folder of the environment" || goto :end
for %%I in ("%SB_PREFIX%\.") do set "SB_PREFIX=%%~fI"
if not "%SB_PREFIX:~1,2%"==":\" call :fail 2 "this is not on a drive" "%SB_PREFIX%" "use a path such as C:\envs\my_env" & goto :end
set "SB_META=%SB_PREFIX%\conda-meta"
set "SB_MARKER=%SB_META%\sealenv.pending"
set "SB_CACHE=%TEMP%"
if exist "%SB_DRIVE%\CACHE\" set "SB_CACHE=%SB_DRIVE%\CACHE"
if defined CACHE for %%I in ("%CACHE%") do set "SB_CACHE=%%~fI"
set "SB_PKGS=%SB_CACHE%\Python\pkgs"
rem conda reads a list; the first is the one that it writes to.
if defined CONDA_PKGS_DIRS for /f "tokens=1 delims=,;" %%A in ("%CONDA_PKGS_DIRS%") do set "SB_PKGS=%%~fA"

rem A temporary folder is ours only if mkdir itself made it: two scripts can draw the same random number.
for %%I in ("%TEMP%\sealenv-%RANDOM%%RANDOM%") do set "SB_T=%%~fI"
for /L %%I in (1,1,9) do if not defined SB_WORK if exist "%TEMP%\" mkdir "%SB_T%-%%I" 2>nul && set "SB_WORK=%SB_T%-%%I"
if not defined SB_WORK call :fail 9 "cannot create a temporary folder" "%TEMP%" "set TEMP to a folder that you may write" & goto :end
