if not exist "%SB_EXE%" goto :not_cached
call :digest_of "%SB_EXE%" || exit /b 5
if /I "%SB_DIGEST%"=="%SB_EXPECTED%" (
  echo [INFO] micromamba:     "%SB_MICROMAMBA%", cached in "%SB_EXE%"
  goto :have_micromamba
)
call :wrong_digest "the cached micromamba.exe is not the one that was promised" "%SB_EXE%" "if you trust the promise, delete that file and its .sha256, and run the same command again"
exit /b 5
:not_cached
set "SB_U=%SB_BASE%"
call :mask
echo [INFO] micromamba:     "%SB_MICROMAMBA%", from "%SB_SHOWN%"
rem What killed runs left; not what another run is downloading now.
if exist "%SB_SYS%\forfiles.exe" "%SB_SYS%\forfiles.exe" /P "%SB_STORE%" /M "micromamba-*.part" /D -1 /C "cmd /d /c del /F /Q @file" >nul 2>nul
set "SB_PART=%SB_EXE%.%RANDOM%%RANDOM%.part"
call :download "%SB_BASE%/download/%SB_MICROMAMBA%/micromamba-win-64.exe" "%SB_PART%" || exit /b 5
call :digest_of "%SB_PART%" || (
  del "%SB_PART%" 2>nul
  exit /b 5
)
if /I not "%SB_DIGEST%"=="%SB_EXPECTED%" (
  del "%SB_PART%" 2>nul
  call :wrong_digest "the download is not the micromamba.exe that was promised; it was deleted" "%SB_SHOWN%" "run the same command again; if it stays so, do not use this release"
  exit /b 5
)
move /Y "%SB_PART%" "%SB_EXE%" >nul 2>nul
rem Another run may have been faster, and use it already: then it has to be the same.
if exist "%SB_PART%" del "%SB_PART%" 2>nul & if exist "%SB_EXE%" call :digest_of "%SB_EXE%" || exit /b 5
if exist "%SB_EXE%" if /I "%SB_DIGEST%"=="%SB_EXPECTED%" goto :have_micromamba
call :fail 9 "micromamba.exe cannot be put into the cache" "%SB_STORE%" "make it writable, or make room"
exit /b 9
:have_micromamba
call :keep_digest "%SB_EXE%"
echo [INFO] sha256:         %SB_DIGEST%
echo [INFO]                 as said by %SB_ORIGIN%
exit /b 0

:wrong_digest
call :fail 5 %1 %2 %3
>&2 echo         expected %SB_EXPECTED%, said by %SB_ORIGIN%
>&2 echo         found    %SB_DIGEST%
exit /b 5
