:scrub
for %%P in (__SEALENV_FORGOTTEN__) do call :forget %%P
set "PATH=%SystemRoot%\System32;%SystemRoot%;%SystemRoot%\System32\Wbem;%SystemRoot%\System32\WindowsPowerShell\v1.0"
exit /b 0

rem :forget PREFIX: unsets every variable whose name begins so, but for the package cache's.
:forget
>"%SB_WORK%\names.txt" 2>nul set %1
for /f "usebackq delims==" %%V in ("%SB_WORK%\names.txt") do if /I not "%%V"=="CONDA_PKGS_DIRS" set "%%V="
exit /b 0

:gate
if not defined %~1 exit /b 0
setlocal EnableDelayedExpansion
for %%W in (%~2) do if /I "!%~1!"=="%%W" exit /b 0
>&2 echo   %~1=!%~1!
>&2 echo       %~3; to clear it: %~4
exit /b 1
