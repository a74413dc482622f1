rem mamba.bat and mamba_hook.bat have the prefix written into them. With sed.exe if one lies in the cache or
rem beside this script, else with the new environment's own python: the same bytes.
:patch
if not defined SB_HAS_PYTHON exit /b 0
set "SB_SED="
rem One in the cache counts if it is what get_sed.bat put there.
if exist "%SB_CACHE%\sed\sed.exe" call :vouched "%SB_CACHE%\sed\sed.exe" && set "SB_SED=%SB_CACHE%\sed\sed.exe"
if exist "%SB_SCRIPT%sed.exe" set "SB_SED=%SB_SCRIPT%sed.exe"
if defined SB_SED (echo [INFO] Patching with   "%SB_SED%") else echo [INFO] Patching with   the environment's python
if defined SB_HAS_MAMBA for %%N in (mamba.bat mamba_hook.bat) do call :patch_one "%SB_PREFIX%\condabin\%%N" || exit /b 8
rem conda.exe and other launchers read the path of python from the script beside them, and split it at a space.
"%SB_PREFIX%\python.exe" -I -c "__SEALENV_PY_LAUNCHERS__" "%SB_PREFIX%"
if not errorlevel 1 exit /b 0
call :fail 8 "the scripts of the launchers could not be made relocatable" "%SB_PREFIX%\Scripts" "run the same command again"
exit /b 8

:patch_one
if not exist "%~1" (
  call :fail 8 "micromamba did not install this file" "%~1" "is mamba among the packages of the channel?"
  exit /b 8
)
del "%~1.part" 2>nul
if defined SB_SED "%SB_SED%" -b -z -e "s/\r\n/\n/g" -e "__SEALENV_SED_EXE__" -e "__SEALENV_SED_ROOT__" -e "__SEALENV_SED_EXE__" -e "__SEALENV_SED_ROOT__" -e "s/\n/\r\n/g" "%~1" >"%~1.part" || del "%~1.part" 2>nul
if not exist "%~1.part" "%SB_PREFIX%\python.exe" -I -c "__SEALENV_PY_PATCH__" "%~1" "%~1.part" || del "%~1.part" 2>nul
if exist "%~1.part" move /Y "%~1.part" "%~1" >nul 2>nul
if exist "%~1.part" (
  call :fail 8 "a script could not be made relocatable" "%~1" "run the same command again"
  exit /b 8
)
rem The proof: no fixed value is left, and the prefix is gone, with backslashes and with slashes.
set "SB_T=%SB_PREFIX:\=/%"
"%SB_SYS%\findstr.exe" /I /R /C:"^@SET .MAMBA_EXE=" /C:"^@SET .MAMBA_ROOT_PREFIX=" "%~1" >nul 2>nul && goto :not_patched
"%SB_SYS%\findstr.exe" /I /C:"%SB_PREFIX%" "%~1" >nul 2>nul && goto :not_patched
"%SB_SYS%\findstr.exe" /I /C:"%SB_T%" "%~1" >nul 2>nul && goto :not_patched
"%SB_SYS%\findstr.exe" /C:"DO @SET" "%~1" >nul 2>nul && exit /b 0
:not_patched
call :fail 8 "the path of the environment is still in this script" "%~1" "report it, with the version of mamba: its scripts have changed"
exit /b 8

rem --- The proof that it works ---------------------------------------------------------------------------

rem In a clean environment: activate as the documents say, then run the three programs of the prefix by path.
:verify
setlocal
call :own_home
call :scrub_path
if not defined SB_HAS_MAMBA (
  set "PATH=%SB_PREFIX%;%SB_PREFIX%\Library\mingw-w64\bin;%SB_PREFIX%\Library\usr\bin;%SB_PREFIX%\Library\bin;%SB_PREFIX%\Scripts;%SB_PREFIX%\bin;%PATH%"
  set "CONDA_PREFIX=%SB_PREFIX%"
  goto :activated
)
call "%SB_PREFIX%\condabin\mamba.bat" activate
if errorlevel 1 set "SB_BAD=mamba.bat activate failed" & goto :not_verified
:activated
if not defined SB_HAS_PYTHON goto :python_verified
set "SB_T="
for %%I in (python.exe) do set "SB_T=%%~$PATH:I"
if /I not "%SB_T%"=="%SB_PREFIX%\python.exe" goto :another_python
if /I not "%CONDA_PREFIX%"=="%SB_PREFIX%" set "SB_BAD=after the activation CONDA_PREFIX is another one" & goto :not_verified
"%SB_PREFIX%\python.exe" -I -c "import os,sys;p=sys.argv[1];v=[w for w in sys.argv[2].split('.') if w];print('python',sys.version);sys.exit(not(os.path.samefile(sys.prefix,p) and [str(n) for n in sys.version_info[:len(v)]]==v))" "%SB_PREFIX%" "%SB_PYTHON%"
if errorlevel 1 set "SB_BAD=python.exe does not run, or is not the one that was asked for" & goto :not_verified
:python_verified
if not defined SB_HAS_CONDA goto :conda_verified
"%SB_PREFIX%\Scripts\conda.exe" --version
if errorlevel 1 set "SB_BAD=Scripts\conda.exe does not run" & goto :not_verified
:conda_verified
if not defined SB_HAS_MAMBA goto :mamba_verified
"%SB_PREFIX%\Library\bin\mamba.exe" --version
if errorlevel 1 set "SB_BAD=Library\bin\mamba.exe does not run" & goto :not_verified
:mamba_verified
endlocal
exit /b 0
rem The name of a folder may hold what cmd.exe gives a meaning: a delayed expansion shows it as it is.
:another_python
set "SB_BAD=after the activation python is another one"
setlocal EnableDelayedExpansion
if defined SB_T >&2 echo   the first python.exe in PATH: !SB_T!
if not defined SB_T >&2 echo   there is no python.exe in PATH
endlocal
:not_verified
call :fail 8 "the environment does not work: %SB_BAD%" "%SB_PREFIX%" "see above, then run the same command again"
endlocal & set "SB_RC=8"
exit /b 8

:scrub_path
set "PATH=%SystemRoot%\System32;%SystemRoot%;%SystemRoot%\System32\Wbem"
exit /b 0
