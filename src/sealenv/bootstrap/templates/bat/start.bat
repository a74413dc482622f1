set "SB_RC=0"
for %%V in (SB_WORK SB_NAME SB_PYTHON SB_PREFIX SB_PACKAGES SB_CHANNELS SB_SHA256 SB_POST SB_LATEST SB_GIVEN SB_HAS_PYTHON SB_HAS_CONDA SB_HAS_MAMBA) do set "%%V="
for %%V in (SB_HELP SB_DRY SB_CLEAN SB_KEEP SB_REMOVE SB_DIRTY SB_GOT_NAME SB_GOT_PYTHON SB_STARTED SB_SPLIT SB_UNMARK) do set "%%V="
rem Who has set one of these would hide what cmd.exe says in it, or change what dir, copy and move do.
for %%V in (CD RANDOM ERRORLEVEL DIRCMD COPYCMD) do set "%%V="
set SB_QUOTE="
call :text SystemRoot "SystemRoot" || goto :end
set "SB_SYS=%SystemRoot%\System32"
if not exist "%SB_SYS%\findstr.exe" (
  call :fail 9 "SystemRoot does not lead to Windows" "" "open a new cmd.exe window"
  goto :end
)

call :text TEMP "TEMP" || goto :end
if not defined TEMP (
  call :fail 9 "TEMP is not set: there is no place for temporary files" "" "set TEMP to a folder that you may write"
  goto :end
)
call :without TEMP ";*?<>|" "TEMP" || goto :end
call :short TEMP "TEMP" || goto :end
if not exist "%TEMP%\" (
  call :fail 9 "TEMP is no folder" "%TEMP%" "set TEMP to a folder that you may write"
  goto :end
)
set "SB_WORK=%TEMP%\sealenv-%RANDOM%%RANDOM%%RANDOM%"
mkdir "%SB_WORK%" 2>nul
if not exist "%SB_WORK%\" (
  set "SB_WORK="
  call :fail 9 "there is no place for temporary files" "%TEMP%" "set TEMP to a folder that you may write"
  goto :end
)
