rem The marker is the first file in the environment and the last to go: until then it is visibly unfinished. The
rem target is checked again, because the download can take minutes.
mkdir "%SB_PKGS%" 2>nul
if not exist "%SB_PKGS%\" call :fail 9 "cannot create the package cache" "%SB_PKGS%" "set CONDA_PKGS_DIRS to a folder that you may write" & goto :end
call :check_target || goto :end
mkdir "%SB_META%" 2>nul
if not defined SB_PENDING 2>nul >"%SB_MARKER%" echo sealenv-bootstrap %SB_VERSION%
call :is_ours || call :fail 9 "cannot write into this folder" "%SB_PREFIX%" "choose a folder that you may write, or free some space"
if not "%SB_RC%"=="0" goto :end

rem The marker stays open meanwhile, as handle 9. No other process can open it to write: one run at a time.
call :make 9>>"%SB_MARKER%"
if not defined SB_STATE call :fail 7 "another process works on this environment" "%SB_PREFIX%" "wait until it has ended" & goto :end
if "%SB_STATE%"=="unfinished" >&2 echo [WARN] The environment is unfinished: run the same command again, or remove its folder.& goto :end
>"%SB_META%\sealenv.bootstrap" echo sealenv-bootstrap %SB_VERSION%
>>"%SB_META%\sealenv.bootstrap" echo micromamba %MICROMAMBA_VERSION% sha256 %SB_SHA256%
del "%SB_MARKER%" 2>nul
if exist "%SB_MARKER%" call :fail 9 "cannot delete this file" "%SB_MARKER%" "delete it: the environment is complete" & goto :end
echo [INFO] Done.__SEALENV_USE__
