rem A package cache for this run. Where micromamba finds an archive under its name, it downloads nothing.
:feed
set "SB_CACHE_OF_RUN=%SB_PREFIX%\.sealenv-scratch\pkgs"
mkdir "%SB_CACHE_OF_RUN%" 2>nul
type nul >"%SB_CACHE_OF_RUN%\urls.txt"
for /f "usebackq tokens=3-4" %%I in ("%SB_WORK%\packages.txt") do (
  set "SB_FILE=%%I"
  set "SB_SUM=%%J"
  call :feed_one || exit /b 5
)
exit /b 0
:feed_one
set "SB_T=.conda"
if /I "%SB_FILE:~-4%"==".bz2" set "SB_T=.tar.bz2"
call :copy_checked "%SB_SCRIPT%packages\%SB_SUM%%SB_T%" "%SB_CACHE_OF_RUN%\%SB_FILE%" "%SB_SUM%"
exit /b %ERRORLEVEL%

rem :copy_checked FROM TO SHA256
:copy_checked
copy /Y /B "%~1" "%~2" >nul 2>nul
if not exist "%~2" call :fail 5 "cannot copy this" "%~1" "unpack the whole bundle again" & exit /b 5
call :has_sha256 "%~2" "%~3" && exit /b 0
call :wrong_sha256 "%~1" "%~3"
exit /b 5
