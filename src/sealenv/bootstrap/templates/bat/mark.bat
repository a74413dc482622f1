rem The marker is the first file in the prefix and the last to go. The handle on it stays open as long as this
rem script or micromamba lives: nobody else can open it for writing meanwhile.
set "SB_MARKER=%SB_PREFIX%\conda-meta\sealenv.pending"
:mark
mkdir "%SB_PREFIX%\conda-meta" 2>nul
if not exist "%SB_PREFIX%\conda-meta\" (
  call :fail 9 "the folder of the environment cannot be made" "%SB_PREFIX%" "choose a folder that you may write, or make room"
  goto :end
)
set "SB_MADE="
set "SB_AGAIN="
if not exist "%SB_MARKER%" (
  set "SB_MADE=1"
  2>nul >"%SB_MARKER%" echo sealenv-bootstrap %SB_VERSION%
)
call :make 9>>"%SB_MARKER%"
if defined SB_UNMARK del "%SB_MARKER%" 2>nul & rmdir "%SB_PREFIX%\conda-meta" 2>nul
if defined SB_UNMARK goto :end
if defined SB_AGAIN (
  del "%SB_MARKER%" 2>nul
  if not exist "%SB_MARKER%" goto :mark
  set "SB_STARTED="
)
if not defined SB_STARTED (
  call :fail 7 "another process is making this environment, or it cannot be written" "%SB_PREFIX%" "wait for it to end, or choose another name"
  goto :end
)
if not "%SB_RC%"=="0" goto :pending
2>nul >"%SB_PREFIX%\conda-meta\sealenv.bootstrap" (
  echo sealenv-bootstrap %SB_VERSION%
  echo micromamba %SB_MICROMAMBA% sha256 %SB_DIGEST%
)
if exist "%SB_PREFIX%\conda-meta\sealenv.bootstrap" del "%SB_PREFIX%\conda-meta\sealenv.pending" 2>nul
if exist "%SB_PREFIX%\conda-meta\sealenv.pending" (
  call :fail 9 "the environment is made, but its marker could not be taken away" "%SB_PREFIX%\conda-meta\sealenv.pending" "run the same command again"
  goto :end
)
if defined SB_HAS_MAMBA (echo [INFO] Done. To use it:  call "%SB_PREFIX%\condabin\mamba.bat" activate) else echo [INFO] Done:           "%SB_PREFIX%"
if defined SB_POST call :run_post
goto :end

:pending
>&2 echo [INFO] The environment is half made and marked as such. The same command makes it anew; --remove takes it away.

:end
if defined SB_WORK if exist "%SB_WORK%\" rmdir /S /Q "%SB_WORK%" 2>nul
endlocal & exit /b %SB_RC%
