rem The marker is the first file in the environment and the last to go: until then it is visibly unfinished. The
rem target is checked again, because the download can take minutes.
:mark
mkdir "%SB_PKGS%" 2>nul
if not exist "%SB_PKGS%\" call :fail 9 "cannot create the package cache" "%SB_PKGS%" "set CONDA_PKGS_DIRS to a folder that you may write" & exit /b 9
call :check_target || exit /b 7
mkdir "%SB_META%" 2>nul
if not defined SB_PENDING 2>nul >"%SB_MARKER%" echo sealenv-bootstrap %SB_VERSION%
call :is_ours && exit /b 0
call :fail 9 "cannot write into this folder" "%SB_PREFIX%" "choose a folder that you may write, or free some space"
exit /b 9

rem Everything that an earlier run left goes, but the marker and your own folders.
:empty
if not defined SB_PENDING exit /b 0
pushd "%SB_PREFIX%" && (
  rmdir pkgs 2>nul
  for /d %%D in (*) do call :is_kept "%%D" || rmdir /S /Q "\\?\%SB_PREFIX%\%%D" 2>nul
  for %%I in (conda-meta\*) do if /I not "%%~nxI"=="sealenv.pending" del /F /Q "%%I" 2>nul
  del /F /Q * 2>nul
  popd
)
if not exist "%SB_META%\history" if not exist "%SB_PREFIX%\python.exe" exit /b 0
call :fail 9 "cannot delete what an earlier run left" "%SB_PREFIX%" "close the programs that use it, then run the same command again"
exit /b 9
:is_kept
for %%N in (conda-meta __home__ __shortcut__ __AppData__) do if /I "%~1"=="%%N" exit /b 0
exit /b 1

rem After the last step, or a failed one.
:finish
if not defined SB_STATE call :fail 7 "another process works on this environment" "%SB_PREFIX%" "wait until it has ended" & exit /b 7
if "%SB_STATE%"=="unfinished" >&2 echo [WARN] The environment is unfinished: run the same command again, or remove its folder.& exit /b 1
>"%SB_META%\sealenv.bootstrap" echo sealenv-bootstrap %SB_VERSION%
>>"%SB_META%\sealenv.bootstrap" echo micromamba %MICROMAMBA_VERSION% sha256 %SB_SHA256%
del "%SB_MARKER%" 2>nul
if not exist "%SB_MARKER%" exit /b 0
call :fail 9 "cannot delete this file" "%SB_MARKER%" "delete it: the environment is complete"
exit /b 9
