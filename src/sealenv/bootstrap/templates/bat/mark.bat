rem The marker is the first file in the environment and the last to go: until then it is visibly unfinished.
:mark
mkdir "%SB_PKGS%" 2>nul
if not exist "%SB_PKGS%\" call :fail 9 "cannot create the package cache" "%SB_PKGS%" "set CONDA_PKGS_DIRS to a folder that you may write" & exit /b 9
rem Again: the download can take minutes.
call :check_target || exit /b 7
mkdir "%SB_META%" 2>nul
for %%I in ("%SB_MARKER%") do if "%%~zI"=="0" del "%SB_MARKER%" 2>nul
if not exist "%SB_MARKER%" set "SB_MADE=1" & 2>nul >"%SB_MARKER%" echo sealenv-bootstrap %SB_VERSION%
if exist "%SB_MARKER%" exit /b 0
call :fail 9 "cannot write into this folder" "%SB_PREFIX%" "choose a folder that you may write, or free some space"
exit /b 9

rem With the marker open. If it is new, the folder has to be empty. Otherwise an earlier run left the folder, and
rem everything but the marker and your own folders goes.
:claim
set "SB_STARTED=1"
if defined SB_MADE call :is_bare && exit /b 0
if not defined SB_MADE call :is_ours && goto :empty
set "SB_STARTED="
exit /b 7
:empty
echo [INFO] Replacing what an earlier run left unfinished.
pushd "%SB_PREFIX%" || exit /b 9
rmdir pkgs 2>nul
for /d %%D in (*) do call :is_kept "%%D" || rmdir /S /Q "\\?\%SB_PREFIX%\%%D" 2>nul
del /F /Q * 2>nul
cd conda-meta && for %%I in (*) do if /I not "%%I"=="sealenv.pending" del /F /Q "%%I" 2>nul
popd
if not exist "%SB_META%\history" if not exist "%SB_PREFIX%\python.exe" exit /b 0
call :fail 9 "cannot delete what an earlier run left" "%SB_PREFIX%" "close the programs that use it, then run the same command again"
exit /b 9
:is_kept
for %%N in (conda-meta __home__ __shortcut__ __AppData__) do if /I "%~1"=="%%N" exit /b 0
exit /b 1

rem After the last step, or a failed one.
:unmark
if defined SB_STARTED goto :started
if defined SB_MADE del "%SB_MARKER%" 2>nul
for %%I in ("%SB_MARKER%") do if "%%~zI"=="0" del "%SB_MARKER%" 2>nul
call :fail 7 "another process works on this environment" "%SB_PREFIX%" "wait until it has ended"
exit /b 7
:started
if "%SB_RC%"=="0" (
  >"%SB_META%\sealenv.bootstrap" echo sealenv-bootstrap %SB_VERSION%
  >>"%SB_META%\sealenv.bootstrap" echo micromamba %SB_MICROMAMBA% sha256 %SB_EXPECTED%
  del "%SB_MARKER%" 2>nul
)
if not exist "%SB_MARKER%" exit /b 0
if "%SB_RC%"=="0" call :fail 9 "cannot delete this file" "%SB_MARKER%"
>&2 echo [WARN] The environment is unfinished: run the same command again, or remove its folder.
exit /b %SB_RC%
