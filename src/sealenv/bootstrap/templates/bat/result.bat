set "SB_T=%ERRORLEVEL%"
endlocal & set "SB_T=%SB_T%"
__SEALENV_CLEAN__
if "%SB_T%"=="0" exit /b 0
rem This is 0xC0000135: Windows did not find a DLL, and shows no message.
if "%SB_T%"=="-1073741515" call :fail 6 "micromamba.exe could not start: a DLL is missing" "" "install https://aka.ms/vs/17/release/vc_redist.x64.exe, then run the same command again" & exit /b 6
call :fail 6 "micromamba failed with exit code %SB_T%: see above" "" "correct the reason, then run the same command again"
exit /b 6
