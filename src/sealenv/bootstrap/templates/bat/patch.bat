rem mamba.bat and mamba_hook.bat contain the path of the environment. The patch lets them find it from their own
rem place, with sed.exe from the cache or from beside this script, or with the new Python.
:patch
if not defined SB_HAS_PYTHON exit /b 0
set "SB_SED="
for %%I in ("%SB_CACHE%\sed\sed.exe" "%SB_SCRIPT%sed.exe") do if exist "%%~I" set "SB_SED=%%~I"
if defined SB_HAS_MAMBA for %%N in (mamba.bat mamba_hook.bat) do call :patch_one "%SB_PREFIX%\condabin\%%N" || exit /b 8
rem conda.exe reads the path of Python from the script beside it: there the name alone is enough.
"%SB_PREFIX%\python.exe" -I -c "__SEALENV_PY_LAUNCHERS__" "%SB_PREFIX%"
if not errorlevel 1 exit /b 0
call :fail 8 "cannot patch the scripts of the launchers" "%SB_PREFIX%\Scripts" "run the same command again"
exit /b 8
:patch_one
if defined SB_SED "%SB_SED%" -b -z -e "s/\r\n/\n/g" -e "__SEALENV_SED_EXE__" -e "__SEALENV_SED_ROOT__" -e "__SEALENV_SED_EXE__" -e "__SEALENV_SED_ROOT__" -e "s/\n/\r\n/g" "%~1" >"%~1.part" || del "%~1.part" 2>nul
if not exist "%~1.part" "%SB_PREFIX%\python.exe" -I -c "__SEALENV_PY_PATCH__" "%~1" "%~1.part"
move /Y "%~1.part" "%~1" >nul 2>nul
rem No fixed value is left.
"%SB_SYS%\findstr.exe" /I /R /C:"^@SET .MAMBA_EXE=" /C:"^@SET .MAMBA_ROOT_PREFIX=" "%~1" >nul 2>nul && goto :not_patched
"%SB_SYS%\findstr.exe" /C:"DO @SET" "%~1" >nul 2>nul && exit /b 0
:not_patched
call :fail 8 "the path of the environment is still in this script" "%~1" "report it, with the version of mamba: its scripts have changed"
exit /b 8
