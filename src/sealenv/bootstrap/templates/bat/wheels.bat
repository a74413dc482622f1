rem Wheels are checked before anything is made.
:get_wheels
mkdir "%SB_WORK%\wheels"
for /f "usebackq tokens=3-7" %%I in ("%SB_WORK%\wheels.txt") do (
  set "SB_FILE=%SB_WORK%\wheels\%%I"
  set "SB_SUM=%%J"
  set "SB_ADDRESS=%%K"
  call :get_wheel || exit /b 5
  >>"%SB_WORK%\requirements.txt" echo %%L==%%M --hash=sha256:%%J
)
exit /b 0
:get_wheel
__SEALENV_GET_WHEEL__
exit /b %SB_RC%

rem pip of the environment, without network and settings, in a home folder of its own.
:install_wheels
setlocal
call :own_home
set "PIP_CONFIG_FILE=nul"
"%SB_PREFIX%\python.exe" -I -m pip --isolated --disable-pip-version-check --no-input install --quiet --no-cache-dir --no-index --find-links "%SB_WORK%\wheels" --no-deps --require-hashes --no-warn-script-location --requirement "%SB_WORK%\requirements.txt"
set "SB_T=%ERRORLEVEL%"
endlocal & set "SB_T=%SB_T%"
if "%SB_T%"=="0" exit /b 0
call :fail 6 "pip could not install the wheels: see above" "" "correct the reason, then run the same command again"
exit /b 6
