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
