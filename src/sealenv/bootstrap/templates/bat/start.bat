for %%V in (CD ERRORLEVEL RANDOM COPYCMD DIRCMD) do set "%%V="
for %%V in (NAME PYTHON POST DRY REMOVE WORK DIRTY MADE STARTED PENDING HAS_PYTHON HAS_CONDA HAS_MAMBA) do set "SB_%%V="
set "SB_RC=0"
set "SB_SYS=%SystemRoot%\System32"
set "SB_SCRIPT=%~dp0"
set "SB_DRIVE=%~d0"
set "SB_URL=https://github.com/mamba-org/micromamba-releases/releases"
if defined MICROMAMBA_URL set "SB_URL=%MICROMAMBA_URL%"

:next_argument
if [%1]==[] goto :arguments_done
set "SB_T=%~1"
shift /1
if /I "%SB_T%"=="--help" goto :help
if /I "%SB_T%"=="--dry-run" set "SB_DRY=1" & goto :next_argument
if /I "%SB_T%"=="--remove" set "SB_REMOVE=1" & goto :next_argument
if /I "%SB_T%"=="--post" if not "%~1"=="" set "SB_POST=%~1" & shift /1 & goto :next_argument
if "%SB_T:~0,1%"=="-" call :fail 2 "unknown option, or one without its value" "%SB_T%" "--help shows the options" & goto :end
if not defined SB_T call :fail 2 "an argument is empty" "" "--help shows the arguments" & goto :end
if not defined SB_NAME set "SB_NAME=%SB_T%" & goto :next_argument
if defined SB_PYTHON call :fail 2 "too many arguments" "%SB_T%" "--help shows the arguments" & goto :end
set "SB_PYTHON=%SB_T%"
goto :next_argument
:arguments_done
