rem micromamba.exe from the cache, or downloaded. What runs is a copy that has the right sha256.
set "SB_EXE=%SB_WORK%\micromamba.exe"
set "SB_KEPT=%SB_CACHE%\micromamba\micromamba-%MICROMAMBA_VERSION%-win-64.exe"
set "SB_T=%MICROMAMBA_URL%/download/%MICROMAMBA_VERSION%/micromamba-win-64.exe"
if exist "%SB_KEPT%" copy /Y /B "%SB_KEPT%" "%SB_EXE%" >nul && call :has_sha256 "%SB_EXE%" "%SB_SHA256%" && goto :micromamba_checked
echo [INFO] Downloading     "%SB_T%"
call :download "%SB_T%" "%SB_EXE%" || goto :end
call :has_sha256 "%SB_EXE%" "%SB_SHA256%" "%SB_T%" || goto :end
mkdir "%SB_CACHE%\micromamba" 2>nul
copy /Y /B "%SB_EXE%" "%SB_KEPT%" >nul 2>nul || echo [WARN] Cannot keep it in the cache: "%SB_KEPT%"
:micromamba_checked
