@rem Leave this environment in cmd.exe:   deactivate   (in a batch file: call deactivate)
@rem
@rem It runs the deactivate.d scripts of the packages and gives back PATH, the prompt and the variables that
@rem activate.bat has set. It starts no process and writes no file.
@if not defined _SEALENV_OLD_PATH >&2 echo sealenv: activate.bat has changed nothing here. Leave with exit, or with the tool that activated the environment.
@if not defined _SEALENV_OLD_PATH if defined CONDA_PREFIX exit /b 0
@if not defined _SEALENV_OLD_PATH exit /b 1
@if exist "%~dp0etc\sealenv\leave.bat" call "%~dp0etc\sealenv\leave.bat"
@for %%V in (__SEALENV_NAMES__) do @set "%%V="

@rem See activate.bat for the two modes and the semicolon.
@set "PROMPT="
__SEALENV_RESTORE__
@exit /b 0
