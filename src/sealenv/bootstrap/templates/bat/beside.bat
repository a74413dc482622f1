rem micromamba.exe from beside this script. What runs is the copy that was checked.
:get_micromamba
set "SB_EXE=%SB_WORK%\micromamba.exe"
call :copy_checked "%SB_SCRIPT%micromamba\micromamba-win-64.exe" "%SB_EXE%" "%SB_EXPECTED%"
exit /b %ERRORLEVEL%

__SEALENV_PART_CHECKSUM__
