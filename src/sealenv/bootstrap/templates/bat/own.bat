rem A clean environment with a home folder of its own, which is deleted afterwards. In the user's own, micromamba
rem would read settings and note the environment in ~\.conda\environments.txt. The caller has said setlocal.
:own_home
for %%P in (__SEALENV_FORGOTTEN__ XDG_) do call :forget %%P
for %%D in (home tmp) do mkdir "%SB_WORK%\%%D" 2>nul
for %%V in (HOME USERPROFILE APPDATA LOCALAPPDATA) do set "%%V=%SB_WORK%\home"
rem mamba.bat fails if TMP has a space. The short name has none.
for %%I in ("%SB_WORK%\tmp") do set "TMP=%%~sI"
set "TEMP=%TMP%"
set "PATH=%SB_SYS%;%SystemRoot%;%SB_SYS%\Wbem"
exit /b 0

rem :forget BEGINNING: unset each variable whose name begins so.
:forget
>"%SB_WORK%\names.txt" 2>nul set %1
for /f "usebackq delims==" %%V in ("%SB_WORK%\names.txt") do set "%%V="
exit /b 0
