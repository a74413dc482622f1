rem micromamba.exe from the cache, or downloaded. What runs is a copy that has the right sha256.
:get_micromamba
set "SB_EXE=%SB_WORK%\micromamba.exe"
set "SB_KEPT=%SB_CACHE%\micromamba\micromamba-%MICROMAMBA_VERSION%-win-64.exe"
set "SB_T=%MICROMAMBA_URL%/download/%MICROMAMBA_VERSION%/micromamba-win-64.exe"
if exist "%SB_KEPT%" copy /Y /B "%SB_KEPT%" "%SB_EXE%" >nul && call :has_sha256 "%SB_EXE%" "%SB_SHA256%" && exit /b 0
echo [INFO] Downloading     "%SB_T%"
call :download "%SB_T%" "%SB_EXE%" || exit /b 5
call :has_sha256 "%SB_EXE%" "%SB_SHA256%" "%SB_T%" || exit /b 5
mkdir "%SB_CACHE%\micromamba" 2>nul
copy /Y /B "%SB_EXE%" "%SB_KEPT%" >nul 2>nul || echo [WARN] Cannot keep it in the cache: "%SB_KEPT%"
exit /b 0

rem :download ADDRESS FILE. A redirection leads to https only. Proxies of companies can break the check whether a
rem certificate was revoked; an older curl does not know the option for it.
:download
set "SB_SSL="
"%SB_SYS%\curl.exe" --ssl-revoke-best-effort --version >nul 2>nul && set "SB_SSL=--ssl-revoke-best-effort"
"%SB_SYS%\curl.exe" --fail --silent --show-error --location --globoff --proto-redir =https %SB_SSL% --retry 3 --connect-timeout 30 --output "%~2" --url "%~1"
if not errorlevel 1 exit /b 0
call :fail 5 "download failed" "%~1" "check the network and the address, then run the same command again"
exit /b 5

__SEALENV_PART_CHECKSUM__
