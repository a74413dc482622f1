rem micromamba.exe from the cache, or downloaded; it is used only if it has the sha256 in SB_EXPECTED.
:get_micromamba
set "SB_EXE=%SB_STORE%\micromamba-%SB_MICROMAMBA%-win-64.exe"
set "SB_ADDRESS=%SB_URL%/download/%SB_MICROMAMBA%/micromamba-win-64.exe"
if exist "%SB_EXE%" call :has_sha256 "%SB_EXE%" "%SB_EXPECTED%" && exit /b 0
echo [INFO] Downloading     "%SB_ADDRESS%"
mkdir "%SB_STORE%" 2>nul
for %%I in ("%SB_WORK%") do set "SB_PART=%SB_EXE%.%%~nxI.part"
call :download "%SB_ADDRESS%" "%SB_PART%" || exit /b 5
call :has_sha256 "%SB_PART%" "%SB_EXPECTED%" || (
  del "%SB_PART%" 2>nul
  call :wrong_sha256 "%SB_ADDRESS%" "%SB_EXPECTED%"
  exit /b 5
)
rem If another run has just put the same file there and uses it, this move fails, and the file is right anyway.
move /Y "%SB_PART%" "%SB_EXE%" >nul 2>nul || del "%SB_PART%" 2>nul
call :has_sha256 "%SB_EXE%" "%SB_EXPECTED%" && exit /b 0
call :fail 9 "cannot write this file" "%SB_EXE%" "set CACHE to a folder that you may write"
exit /b 9

rem :download ADDRESS FILE. A redirection leads to https only. Proxies of companies can break the check whether a
rem certificate was revoked; an older curl does not know the option for it.
:download
set "SB_SSL="
"%SB_SYS%\curl.exe" --ssl-revoke-best-effort --version >nul 2>nul && set "SB_SSL=--ssl-revoke-best-effort"
"%SB_SYS%\curl.exe" --fail --silent --show-error --location --globoff --proto-redir =https %SB_SSL% --retry 3 --connect-timeout 30 --output "%~2" --url "%~1"
if not errorlevel 1 if exist "%~2" exit /b 0
del "%~2" 2>nul
call :fail 5 "download failed" "%~1" "check the network and the address, then run the same command again"
exit /b 5

__SEALENV_PART_CHECKSUM__
