rem The proof. The marker shows which environment a folder is: the same folder can have several names (a mapped
rem drive, a link, a short name).
:prove
setlocal
call :own_home
set "SB_BAD="
__SEALENV_PART_ACTIVATION__
for %%P in (__SEALENV_PROGRAMS__) do "%SB_PREFIX%\%%P" --version || set "SB_BAD=%%P"
endlocal & set "SB_BAD=%SB_BAD%"
if not defined SB_BAD exit /b 0
call :fail 8 "the environment does not work: see above. This failed" "%SB_BAD%" "run the same command again"
exit /b 8
