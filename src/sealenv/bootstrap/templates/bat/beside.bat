rem micromamba.exe from beside this script. What runs is a copy that has the right sha256.
set "SB_EXE=%SB_WORK%\micromamba.exe"
call :copy_checked "%SB_SCRIPT%micromamba\micromamba-win-64.exe" "%SB_EXE%" "%SB_SHA256%" || goto :end
