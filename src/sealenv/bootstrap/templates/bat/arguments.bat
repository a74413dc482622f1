:argument
rem `set "X=%~1"` is safe for all but a quote inside the argument (x" & y): that would end the text, and the
rem rest would run. Only REM can carry such an argument, so that is where we look first. A cmd.exe that does
rem not echo it (Wine's) leaves the file empty, and then nothing is known.
setlocal
set "PROMPT=$S"
for %%A in (1) do (
  echo on
  for %%B in (1) do rem * #%1#
  @echo off
) >"%SB_WORK%\argument.txt" 2>nul
@echo off
endlocal
call :one_piece "%SB_WORK%\argument.txt" || goto :end
set "SB_A=%~1"
if defined SB_A goto :word
rem Two quotes are an empty argument, which stands for a default; nothing at all is the end.
set SB_RAW=%1
shift /1
if not defined SB_RAW goto :arguments_done
if defined SB_GOT_NAME set "SB_GOT_PYTHON=1"
set "SB_GOT_NAME=1"
goto :argument
:word
shift /1
call :text SB_A "an argument" || goto :end
if "%SB_A:~0,1%"=="-" goto :option
if defined SB_SPLIT echo [WARN] "%SB_A%" follows the value of %SB_SPLIT%. cmd.exe splits at commas: use quotes if it belongs to it.
set "SB_SPLIT="
if defined SB_GOT_PYTHON (
  call :usage "there are more than two arguments besides options" "%SB_A%"
  goto :end
)
if defined SB_GOT_NAME (
  set "SB_GOT_PYTHON=1"
  set "SB_PYTHON=%SB_A%"
) else (
  set "SB_GOT_NAME=1"
  set "SB_NAME=%SB_A%"
)
goto :argument

:option
set "SB_OPTION=%SB_A%"
set "SB_SPLIT="
for %%O in (help dry-run clean keep-micromamba remove) do if /I "%SB_OPTION%"=="--%%O" goto :flag
if "%SB_OPTION%"=="-h" goto :flag
for %%O in (__SEALENV_OPTIONS__) do if /I "%SB_OPTION%"=="--%%O" goto :value
call :usage "an option is not known" "%SB_A%"
goto :end
:flag
if /I "%SB_OPTION%"=="-h" set "SB_HELP=1"
if /I "%SB_OPTION%"=="--help" set "SB_HELP=1"
if /I "%SB_OPTION%"=="--dry-run" set "SB_DRY=1"
if /I "%SB_OPTION%"=="--clean" set "SB_CLEAN=1"
if /I "%SB_OPTION%"=="--keep-micromamba" set "SB_KEEP=1"
if /I "%SB_OPTION%"=="--remove" set "SB_REMOVE=1"
goto :argument
:value
setlocal
set "PROMPT=$S"
for %%A in (1) do (
  echo on
  for %%B in (1) do rem * #%1#
  @echo off
) >"%SB_WORK%\argument.txt" 2>nul
@echo off
endlocal
call :one_piece "%SB_WORK%\argument.txt" || goto :end
set "SB_A=%~1"
shift /1
if not defined SB_A (
  call :usage "an option has no value" "%SB_OPTION%"
  goto :end
)
call :text SB_A "the value of an option" || goto :end
if "%SB_A:~0,1%"=="-" (
  call :usage "the value of an option begins with a hyphen" "%SB_A%"
  goto :end
)
for %%O in (packages channel) do if /I "%SB_OPTION%"=="--%%O" set "SB_SPLIT=--%%O"
if /I "%SB_OPTION%"=="--packages" set "SB_PACKAGES=%SB_PACKAGES% %SB_A%"
if /I "%SB_OPTION%"=="--channel" set "SB_CHANNELS=%SB_CHANNELS%,%SB_A%"
if /I "%SB_OPTION%"=="--prefix" set "SB_PREFIX=%SB_A%"
if /I "%SB_OPTION%"=="--micromamba" set "SB_GIVEN=%SB_A%"
if /I "%SB_OPTION%"=="--sha256" set "SB_SHA256=%SB_A%"
if /I "%SB_OPTION%"=="--post" set "SB_POST=%SB_A%"
goto :argument

:arguments_done
if defined SB_HELP goto :help
