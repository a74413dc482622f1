rem :download ADDRESS FILE. A redirection leads to https only. Proxies of companies can break the check whether a
rem certificate was revoked; an older curl does not know the option for it.
:download
set "SB_SSL="
"%SB_SYS%\curl.exe" --ssl-revoke-best-effort --version >nul 2>nul && set "SB_SSL=--ssl-revoke-best-effort"
"%SB_SYS%\curl.exe" --fail --silent --show-error --location --globoff --proto-redir =https %SB_SSL% --retry 3 --connect-timeout 30 --output "%~2" --url "%~1"
if not errorlevel 1 exit /b 0
call :fail 5 "download failed" "%~1" "check the network and the address, then run the same command again"
exit /b 5
