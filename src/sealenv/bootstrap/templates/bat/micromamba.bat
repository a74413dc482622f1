rem micromamba ends without a word on a Windows that has no Visual C++ runtime. Proxies of companies can break the
rem check whether a certificate was revoked; an older curl does not know the option.
:check_machine
for %%D in (vcruntime140 vcruntime140_1 msvcp140) do if not exist "%SB_SYS%\%%D.dll" (
  call :fail 6 "micromamba needs the Microsoft Visual C++ runtime, which is not installed" "%%D.dll" "install https://aka.ms/vs/17/release/vc_redist.x64.exe, or run: winget install Microsoft.VCRedist.2015+.x64"
  exit /b 6
)
set "SB_CURL=%SB_SYS%\curl.exe"
if not exist "%SB_CURL%" for %%I in (curl.exe) do set "SB_CURL=%%~$PATH:I"
set "SB_SSL="
"%SB_CURL%" --ssl-revoke-best-effort --version >nul 2>nul && set "SB_SSL=--ssl-revoke-best-effort"
exit /b 0

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

rem :download ADDRESS FILE. A redirection leads to https only.
:download
"%SB_CURL%" --fail --silent --show-error --location --globoff --proto-redir =https %SB_SSL% --retry 3 --connect-timeout 30 --output "%~2" --url "%~1"
if not errorlevel 1 if exist "%~2" exit /b 0
del "%~2" 2>nul
call :fail 5 "download failed" "%~1" "check the network and the address, then run the same command again"
exit /b 5

rem :has_sha256 FILE SHA256. The second line of certutil's answer is the sha256. No answer is never right.
:has_sha256
set "SB_FOUND="
"%SB_SYS%\certutil.exe" -hashfile "%~1" SHA256 >"%SB_WORK%\certutil.txt" 2>nul
for /f "usebackq skip=1 tokens=1" %%A in ("%SB_WORK%\certutil.txt") do if not defined SB_FOUND set "SB_FOUND=%%A"
if defined SB_FOUND if /I "%SB_FOUND%"=="%~2" exit /b 0
exit /b 1
:wrong_sha256
call :fail 5 "checksum mismatch" "%~1" "it was not used; it has sha256 %SB_FOUND%, expected %~2"
exit /b 5
