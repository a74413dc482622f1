rem :has_sha256 FILE SHA256 [ADDRESS]. The second line of certutil's answer is the sha256; no answer is never right.
rem With an ADDRESS, another sha256 is an error.
:has_sha256
set "SB_FOUND="
"%SB_SYS%\certutil.exe" -hashfile "%~1" SHA256 >"%SB_WORK%\certutil.txt" 2>nul
for /f "usebackq skip=1 tokens=1" %%A in ("%SB_WORK%\certutil.txt") do if not defined SB_FOUND set "SB_FOUND=%%A"
if defined SB_FOUND if /I "%SB_FOUND%"=="%~2" exit /b 0
if "%~3"=="" exit /b 5
call :fail 5 "checksum mismatch, so this was not used" "%~3" "get it again"
>&2 echo         sha256 found %SB_FOUND%
>&2 echo         expected     %~2
exit /b 5
