rem --post: the build phase. The script is in __home__ and activates the environment by a relative path.
:run_post
mkdir "%SB_PREFIX%\__home__" 2>nul
set "SB_T=%SB_PREFIX%\__home__\%SB_POST_NAME%"
if /I not "%SB_T%"=="%SB_POST%" copy /Y /B "%SB_POST%" "%SB_T%" >nul 2>nul
if not exist "%SB_T%" call :fail 9 "cannot copy the --post script" "%SB_T%" "the environment is complete" & exit /b 9
echo [INFO] Running         "%SB_T%"
setlocal
set "CONDA_PKGS_DIRS=%SB_PKGS%"
cd /d "%SB_PREFIX%\__home__"
call :forget SB_ & "%SB_SYS%\cmd.exe" /d /c call "%SB_T%"
set "SB_T=%ERRORLEVEL%"
endlocal & set "SB_T=%SB_T%"
if "%SB_T%"=="0" exit /b 0
call :fail 10 "the --post script failed with exit code %SB_T%" "%SB_POST_NAME%" "the environment is complete; correct the script in __home__ and run it again"
exit /b 10
