rem `pkgs` in the environment is the package cache of conda and mamba, shared with other environments.
:link_pkgs
if not exist "%SB_PREFIX%\pkgs\" mklink /J "%SB_PREFIX%\pkgs" "%SB_PKGS%" >nul 2>nul
if not exist "%SB_PREFIX%\pkgs\" echo [WARN] Cannot make "%SB_PREFIX%\pkgs" a junction: this environment has a package cache of its own.
exit /b 0
