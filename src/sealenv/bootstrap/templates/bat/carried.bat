rem A package cache for this run. Where micromamba finds an archive under its name, it downloads nothing.
:fill_cache
set "SB_CACHE_OF_RUN=%SB_PREFIX%\.sealenv-scratch\pkgs"
mkdir "%SB_CACHE_OF_RUN%" 2>nul
type nul >"%SB_CACHE_OF_RUN%\urls.txt"
for /f "usebackq tokens=3-5" %%I in ("%SB_WORK%\packages.txt") do call :copy_checked "%SB_SCRIPT%packages\%%K%%J" "%SB_CACHE_OF_RUN%\%%I%%J" "%%K" || exit /b 5
exit /b 0

rem :copy_checked FROM TO SHA256
:copy_checked
copy /Y /B "%~1" "%~2" >nul 2>nul
if not exist "%~2" call :fail 5 "cannot copy this" "%~1" "unpack the whole bundle again" & exit /b 5
call :has_sha256 "%~2" "%~3" "%~1"
exit /b %SB_RC%
