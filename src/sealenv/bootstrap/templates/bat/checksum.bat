rem :has_sha256 FILE SHA256. The second line of certutil's answer is the sha256. No answer is never right.
:has_sha256
set "SB_FOUND="
"%SB_SYS%\certutil.exe" -hashfile "%~1" SHA256 >"%SB_WORK%\certutil.txt" 2>nul
for /f "usebackq skip=1 tokens=1" %%A in ("%SB_WORK%\certutil.txt") do if not defined SB_FOUND set "SB_FOUND=%%A"
if defined SB_FOUND if /I "%SB_FOUND%"=="%~2" exit /b 0
exit /b 1
:wrong_sha256
call :fail 5 "checksum mismatch, so this was not used" "%~1"
>&2 echo         sha256 found %SB_FOUND%
>&2 echo         expected     %~2
exit /b 5
