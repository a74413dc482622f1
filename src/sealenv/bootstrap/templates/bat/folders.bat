rem `pkgs` in the environment is the package cache of conda and mamba, shared with other environments.
:link_pkgs
if not exist "%SB_PREFIX%\pkgs\" mklink /J "%SB_PREFIX%\pkgs" "%SB_PKGS%" >nul 2>nul
if not exist "%SB_PREFIX%\pkgs\" echo [WARN] Cannot make "%SB_PREFIX%\pkgs" a junction: this environment has a package cache of its own.
exit /b 0

rem Your own folders, from the folder of this script or from two levels above it.
:copy_folders
set "SB_BAD="
for %%D in (__home__ __shortcut__ __AppData__) do for %%S in ("%SB_SCRIPT%%%D" "%SB_SCRIPT%..\..\%%D") do (
  if defined SB_HAS_PYTHON if exist "%%~S\" if not exist "%SB_PREFIX%\%%D\" "%SB_PREFIX%\python.exe" -I -c "import shutil,sys;shutil.copytree(sys.argv[1],sys.argv[2])" "%%~S" "%SB_PREFIX%\%%D" || set "SB_BAD=%%~S"
)
if defined KEEP_MICROMAMBA mkdir "%SB_PREFIX%\Scripts" 2>nul & copy /Y /B "%SB_EXE%" "%SB_PREFIX%\Scripts\micromamba.exe" >nul || set "SB_BAD=%SB_EXE%"
if not defined SB_BAD exit /b 0
call :fail 9 "cannot copy this" "%SB_BAD%" "free some space, or correct its permissions"
exit /b 9
