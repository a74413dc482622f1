@@ settings
rem A variable called ERRORLEVEL would hide the exit codes of programs, and DIRCMD has options for dir.
for %%V in (ERRORLEVEL DIRCMD ENV_NAME) do set "%%V="
for %%V in (BAD DIRTY PENDING STATE WORK) do set "SB_%%V="
set "SB_RC=0"
set "SB_SYS=%SystemRoot%\System32"
set "SB_SELF=%~f0"
__SEALENV_PART_SCRIPT__
set "SB_DRIVE=%~d0"
if not defined MICROMAMBA_URL set "MICROMAMBA_URL=https://github.com/mamba-org/micromamba-releases/releases"

@@ script
set "SB_SCRIPT=%~dp0"

@@ gate
rem One shell, one environment: an active one, or a redirected Python, would decide which files programs use.
__SEALENV_GATE__
set "SB_T=%PATH:"=%"
for %%D in ("%SB_T:;=" "%") do for %%F in (conda-meta pyvenv.cfg) do if not "%%~D"=="" (
  if exist "%%~D\%%F" set "SB_BAD=%%~D"
  if /I "%%~nxD"=="Scripts" if exist "%%~dpD%%F" set "SB_BAD=%%~D"
)
if defined SB_BAD >&2 echo   PATH: "%SB_BAD%" belongs to another environment& set "SB_DIRTY=1"
if defined SB_DIRTY call :fail 3 "this shell is not clean: see above" "" ^
  "open a new cmd.exe window, or clear each variable with: set NAME=" & goto :end

@@ places
rem The environment is made in PY_ENVS, else in DRIVE:\dev\Anaconda\envs on the drive of this script, else in the
rem current folder. The cache is DRIVE:\CACHE, else TEMP.
for %%V in (PY_ENVS ENV_PREFIX CACHE CONDA_PKGS_DIRS TEMP) do call :check_text %%V "*|<>" || goto :end
for %%I in (.) do set "SB_T=%%~fI"
if exist "%SB_DRIVE%\dev\Anaconda\envs\" set "SB_T=%SB_DRIVE%\dev\Anaconda\envs"
if defined PY_ENVS set "SB_T=%PY_ENVS%"
if not defined ENV_PREFIX set "ENV_PREFIX=%SB_T%\%ENV_NAME%"
call :check_text ENV_PREFIX "*|<>" || goto :end
for %%I in ("%ENV_PREFIX%\.") do set "SB_PREFIX=%%~fI"
if not "%SB_PREFIX:~1,2%"==":\" call :fail 2 "this is not on a drive" "%SB_PREFIX%" ^
  "use a path such as C:\envs\my_env" & goto :end
set "SB_META=%SB_PREFIX%\conda-meta"
set "SB_MARKER=%SB_META%\sealenv.pending"
set "SB_CACHE=%TEMP%"
if exist "%SB_DRIVE%\CACHE\" set "SB_CACHE=%SB_DRIVE%\CACHE"
if defined CACHE for %%I in ("%CACHE%") do set "SB_CACHE=%%~fI"
set "SB_PKGS=%SB_CACHE%\Python\pkgs"
rem conda reads a list; the first is the one that it writes to.
if defined CONDA_PKGS_DIRS for /f "tokens=1 delims=,;" %%A in ("%CONDA_PKGS_DIRS%") do set "SB_PKGS=%%~fA"

rem A temporary folder is ours only if mkdir itself made it: two scripts can draw the same random number.
for %%I in ("%TEMP%\sealenv-%RANDOM%%RANDOM%") do set "SB_T=%%~fI"
if exist "%TEMP%\" mkdir "%SB_T%" 2>nul && set "SB_WORK=%SB_T%"
if not defined SB_WORK call :fail 9 "cannot create a temporary folder" "%SB_T%" ^
  "run the same command again, or set TEMP to a folder that you may write" & goto :end

@@ runtime
rem micromamba needs the Microsoft Visual C++ runtime. Without it, it ends and prints nothing.
for %%D in (vcruntime140 vcruntime140_1 msvcp140) do if not exist "%SB_SYS%\%%D.dll" (
  call :fail 6 "the Microsoft Visual C++ runtime is not installed" "%%D.dll" ^
    "install vc_redist.x64 of Microsoft from https://aka.ms/vs/17/release/vc_redist.x64.exe, or run: winget install Microsoft.VCRedist.2015+.x64"
  goto :end
)

@@ micromamba
rem micromamba.exe from the cache, or downloaded. It is used only if it has this sha256.
set "SB_EXE=%SB_CACHE%\micromamba\micromamba-%MICROMAMBA_VERSION%-win-64.exe"
set "SB_URL=%MICROMAMBA_URL%/download/%MICROMAMBA_VERSION%/micromamba-win-64.exe"
if exist "%SB_EXE%" call :has_sha256 "%SB_EXE%" "%MICROMAMBA_SHA256%" && goto :micromamba_checked
echo [INFO] Downloading     "%SB_URL%"
call :download "%SB_WORK%\micromamba.exe" || goto :end
call :has_sha256 "%SB_WORK%\micromamba.exe" "%MICROMAMBA_SHA256%" "%SB_URL%" || goto :end
mkdir "%SB_CACHE%\micromamba" 2>nul
move /Y "%SB_WORK%\micromamba.exe" "%SB_EXE%" >nul || call :fail 9 "cannot write this file" "%SB_EXE%" ^
  "set CACHE to a folder that you may write" || goto :end
:micromamba_checked

@@ beside
rem micromamba.exe is beside this script. It is used only if it has this sha256.
set "SB_EXE=%SB_WORK%\micromamba.exe"
call :copy_checked "%SB_SCRIPT%micromamba\micromamba-win-64.exe" "%SB_EXE%" "%MICROMAMBA_SHA256%" || goto :end

@@ mark
rem The marker is the first file in the environment and the last to go: until then it is visibly unfinished. The
rem target is checked again, because the download can take minutes.
mkdir "%SB_PKGS%" 2>nul
if not exist "%SB_PKGS%\" call :fail 9 "cannot create the package cache" "%SB_PKGS%" ^
  "set CONDA_PKGS_DIRS to a folder that you may write" & goto :end
call :check_target || goto :end
mkdir "%SB_META%" 2>nul
if not defined SB_PENDING 2>nul >"%SB_MARKER%" echo sealenv-bootstrap %SB_VERSION%
call :is_ours || call :fail 9 "cannot write into this folder" "%SB_PREFIX%" ^
  "choose a folder that you may write, or free some space" || goto :end

rem The marker stays open meanwhile, as handle 9. No other process can open it to write: one run at a time.
call :make 9>>"%SB_MARKER%"
if not defined SB_STATE call :fail 7 "another process works on this environment" "%SB_PREFIX%" ^
  "wait until it has ended" & goto :end
if "%SB_STATE%"=="unfinished" >&2 echo [WARN] The environment is unfinished: run the same command again, or remove its folder.& goto :end
>"%SB_META%\sealenv.bootstrap" echo sealenv-bootstrap %SB_VERSION%
>>"%SB_META%\sealenv.bootstrap" echo micromamba %MICROMAMBA_VERSION% sha256 %MICROMAMBA_SHA256%
del "%SB_MARKER%" 2>nul
if exist "%SB_MARKER%" call :fail 9 "cannot delete this file" "%SB_MARKER%" ^
  "delete it: the environment is complete" & goto :end
echo [INFO] Done. To use it:  __SEALENV_USE__

@@ end
:end
if defined SB_WORK rmdir /S /Q "\\?\%SB_WORK%" 2>nul
endlocal & exit /b %SB_RC%

@@ help
:help
for /f "usebackq tokens=1,* delims=|" %%A in ("%SB_SELF%") do if "%%A"=="rem " echo:%%B
goto :end

@@ empty
rem Delete what an earlier run left, except the marker and your own folders.
:empty
if not defined SB_PENDING exit /b 0
pushd "%SB_PREFIX%" || call :fail 9 "cannot enter this folder" "%SB_PREFIX%" || exit /b 9
rmdir pkgs 2>nul
for /d %%D in (*) do if /I not "%%D"=="conda-meta" if /I not "%%D"=="__home__" if /I not "%%D"=="__shortcut__" if /I not "%%D"=="__AppData__" rmdir /S /Q "\\?\%%~fD" 2>nul
for %%I in (conda-meta\*) do if /I not "%%~nxI"=="sealenv.pending" del /F /Q "%%~fI" 2>nul
del /F /Q * 2>nul
popd
if not exist "%SB_META%\history" if not exist "%SB_PREFIX%\python.exe" exit /b 0
call :fail 9 "cannot delete what an earlier run left" "%SB_PREFIX%" ^
  "close the programs that use it, then run the same command again"
exit /b 9

@@ carried
rem A package cache for this run. Where micromamba finds an archive under its name, it downloads nothing.
:fill_cache
set "CONDA_PKGS_DIRS=%SB_PREFIX%\.sealenv-scratch\pkgs"
mkdir "%CONDA_PKGS_DIRS%" 2>nul
type nul >"%CONDA_PKGS_DIRS%\urls.txt"
for /f "usebackq tokens=2-5" %%H in ("%SB_SELF%") do if "%%H"=="=package=" call :copy_checked "%SB_SCRIPT%packages\%%K%%J" "%CONDA_PKGS_DIRS%\%%I%%J" "%%K" || exit /b 5
exit /b 0

rem :copy_checked FROM TO SHA256
:copy_checked
copy /Y /B "%~1" "%~2" >nul 2>nul
if not exist "%~2" call :fail 5 "cannot copy this" "%~1" "unpack the whole bundle again" & exit /b 5
call :has_sha256 "%~2" "%~3" "%~1"
exit /b %SB_RC%

@@ result
set "SB_T=%ERRORLEVEL%"
__SEALENV_PART_CLEAN__
if "%SB_T%"=="0" exit /b 0
call :fail 6 "micromamba failed with exit code %SB_T%: see above" "" ^
  "correct the reason, then run the same command again"
exit /b 6

@@ pkgs
rem `pkgs` in the environment is the package cache of conda and mamba, shared with other environments.
:link_pkgs
if not exist "%SB_PREFIX%\pkgs\" mklink /J "%SB_PREFIX%\pkgs" "%SB_PKGS%" >nul 2>nul
if not exist "%SB_PREFIX%\pkgs\" echo [WARN] Cannot make "%SB_PREFIX%\pkgs" a junction: this environment has a package cache of its own.
exit /b 0

@@ patch
rem mamba's scripts, and the one beside conda.exe, contain the path of the environment. After the patch they find it
rem from their own place. The new Python reads the program for that from the end of this script.
:patch
"%SB_PREFIX%\python.exe" -I -c "import sys; exec(open(sys.argv[1]).read().split('\n:program\n')[1])" "%SB_SELF%" ^
  "%SB_PREFIX%"
if not errorlevel 1 exit /b 0
call :fail 8 "cannot patch the scripts of the environment: see above" "%SB_PREFIX%" ^
  "report it, with the version of mamba: its scripts may have changed"
exit /b 8

@@ prove
rem The proof: the programs of the environment run.
:prove
set "SB_BAD="
__SEALENV_PART_ACTIVATION__
for %%P in (__SEALENV_PROGRAMS__) do "%SB_PREFIX%\%%P" --version || set "SB_BAD=%%P"
if not defined SB_BAD exit /b 0
call :fail 8 "the environment does not work: see above. This failed" "%SB_BAD%" "run the same command again"
exit /b 8

@@ activation
rem The marker shows which environment a folder is: the same folder can have several names (a mapped drive, a link,
rem a short name).
call "%SB_PREFIX%\condabin\mamba.bat" activate || set "SB_BAD=mamba.bat activate"
for %%I in (python.exe) do if not exist "%%~dp$PATH:Iconda-meta\sealenv.pending" set "SB_BAD=PATH: another python.exe comes first"

@@ fail
rem :fail CODE "what happened" "value that is shown" "next step"
:fail
set "SB_RC=%~1"
if "%~3"=="" (>&2 echo [ERROR] %~2) else >&2 echo [ERROR] %~2: "%~3"
if not "%~4"=="" >&2 echo         next: %~4
exit /b %SB_RC%

@@ text
rem :check_text NAME "more characters": the variable has none of these, nor a character that cmd.exe treats specially
rem in quotes. CALL expands the name, and a quote becomes a question mark. FOR cuts the text at the first of them. eol
rem is one of them: by default FOR skips a text that begins with ;
:check_text
if not defined %~1 exit /b 0
call set "SB_T=%%%~1:"=?%%"
for /f "eol=? delims=?%%!^&%~2" %%A in ("%SB_T%") do if "%%A"=="%SB_T%" exit /b 0
call :fail 2 "%~1 has a character that is not allowed" "" "use letters, digits, dots, hyphens and underscores"
exit /b 2

@@ checks
rem :gate NAME "values that mean nothing"
:gate
if not defined %1 exit /b 0
setlocal EnableDelayedExpansion
for %%W in (%~2) do if /I "!%1!"=="%%W" exit /b 0
>&2 echo   %1=!%1!
endlocal & set "SB_DIRTY=1"
exit /b 0

rem The target is a new folder, an empty one, or one that an earlier run of this script left unfinished. Anything
rem else stays as it is. The listing has hidden files too. A run that was stopped at once leaves an empty marker.
:check_target
set "SB_PENDING="
call :is_ours && set "SB_PENDING=1" && exit /b 0
dir /a /b "%SB_PREFIX%" >"%SB_WORK%\listing.txt" 2>nul
dir /a /b "%SB_META%" >>"%SB_WORK%\listing.txt" 2>nul
set "SB_T="
for /f "usebackq eol=: delims=" %%A in ("%SB_WORK%\listing.txt") do if /I not "%%A"=="conda-meta" if /I not "%%A"=="sealenv.pending" set "SB_T=1"
if exist "%SB_MARKER%" for %%I in ("%SB_MARKER%") do if not "%%~zI"=="0" set "SB_T=1"
if not defined SB_T exit /b 0
call :fail 7 "this exists already, and no earlier run of this script left it" "%SB_PREFIX%" ^
  "choose another name, or remove it first"
exit /b 7

:is_ours
if exist "%SB_MARKER%" for /f "usebackq tokens=1" %%A in ("%SB_MARKER%") do if "%%A"=="sealenv-bootstrap" exit /b 0
exit /b 1

@@ download
rem :download FILE, from SB_URL. A redirection leads to https only. Proxies of companies can break the check whether a
rem certificate was revoked (--ssl-no-revoke); the file is compared with its sha256 afterwards.
:download
"%SB_SYS%\curl.exe" --fail --silent --show-error --location --globoff --proto-redir =https --ssl-no-revoke --retry 3 ^
  --connect-timeout 30 --output "%~1" --url "%SB_URL%"
if not errorlevel 1 exit /b 0
call :fail 5 "download failed" "%SB_URL%" "check curl.exe, the network and the address, then run the same command again"
exit /b 5

@@ checksum
rem :has_sha256 FILE SHA256 [SOURCE]. The second line of certutil's answer is the sha256; no answer is never right.
rem With a SOURCE, another sha256 is an error.
:has_sha256
set "SB_FOUND="
"%SB_SYS%\certutil.exe" -hashfile "%~1" SHA256 >"%SB_WORK%\certutil.txt" 2>nul
for /f "usebackq skip=1 tokens=1" %%A in ("%SB_WORK%\certutil.txt") do if not defined SB_FOUND set "SB_FOUND=%%A"
if defined SB_FOUND if /I "%SB_FOUND%"=="%~2" exit /b 0
if "%~3"=="" exit /b 5
call :fail 5 "checksum mismatch" "%~3" "it was not used; get it again"
>&2 echo         expected sha256: %~2
>&2 echo         actual sha256:   %SB_FOUND%
exit /b 5

@@ make
rem The steps run in a clean environment with a home folder of its own, which is deleted afterwards. In the user's
rem own, micromamba would read settings and note the environment in ~\.conda\environments.txt.
:make
setlocal
set "SB_STATE=unfinished"
for %%P in (__SEALENV_FORGOTTEN__ XDG_) do >>"%SB_WORK%\names.txt" 2>nul set %%P
for /f "usebackq delims==" %%V in ("%SB_WORK%\names.txt") do set "%%V="
for %%D in (home tmp) do mkdir "%SB_WORK%\%%D"
for %%V in (HOME USERPROFILE APPDATA LOCALAPPDATA) do set "%%V=%SB_WORK%\home"
rem mamba.bat fails if TMP has a space. The short name has none; Windows makes one unless that is off for the drive.
for %%I in ("%SB_WORK%\tmp") do set "TMP=%%~sI"
set "TEMP=%TMP%"
set "PATH=%SB_SYS%;%SystemRoot%;%SB_SYS%\Wbem"
set "CONDA_PKGS_DIRS=%SB_PKGS%"
__SEALENV_MAKE__ && set "SB_STATE=proven"
endlocal & set "SB_STATE=%SB_STATE%" & set "SB_RC=%SB_RC%"
exit /b 0

@@ wheels
rem Wheels are checked before anything is made.
:get_wheels
mkdir "%SB_WORK%\wheels"
for /f "usebackq tokens=2-7" %%H in ("%SB_SELF%") do if "%%H"=="=wheel=" (
  set "SB_FILE=%SB_WORK%\wheels\%%I"
  set "SB_SUM=%%J"
  set "SB_URL=%%K"
  call :get_wheel || exit /b 5
  >>"%SB_WORK%\requirements.txt" echo %%L==%%M --hash=sha256:%%J
)
exit /b 0
:get_wheel
__SEALENV_PART_COPY_WHEEL__
__SEALENV_PART_DOWNLOAD_WHEEL__
exit /b %SB_RC%

rem pip of the environment, without network and settings.
:install_wheels
set "PIP_CONFIG_FILE=nul"
"%SB_PREFIX%\python.exe" -I -m pip --isolated --disable-pip-version-check --no-input install --quiet --no-cache-dir ^
  --no-index --find-links "%SB_WORK%\wheels" --no-deps --require-hashes --no-warn-script-location --requirement ^
  "%SB_WORK%\requirements.txt"
if not errorlevel 1 exit /b 0
call :fail 6 "pip could not install the wheels: see above" "" "correct the reason, then run the same command again"
exit /b 6

@@ copy_wheel
call :copy_checked "%SB_SCRIPT%wheels\%SB_SUM%.whl" "%SB_FILE%" "%SB_SUM%"

@@ download_wheel
call :download "%SB_FILE%" || exit /b 5
call :has_sha256 "%SB_FILE%" "%SB_SUM%" "%SB_FILE%"

@@ clean
rem Delete the package cache of this run.
rmdir /S /Q "\\?\%SB_PREFIX%\.sealenv-scratch" 2>nul

@@ program
rem === The program of :patch, in Python. cmd.exe does not read it. =======================================
:program
import re
import sys
from pathlib import Path

HERE = rb'@FOR %%I IN ("%~dp0..") DO @SET "MAMBA_'
LINES = {
    rb'@SET "MAMBA_EXE=[^"\n]*"': HERE + rb'EXE=%%~fI\\Library\\bin\\mamba.exe"',
    rb'@SET "MAMBA_ROOT_PREFIX=[^"\n]*"': HERE + rb'ROOT_PREFIX=%%~fI"',
    rb"#!.*python\.exe.*": rb"#!python.exe",  # conda.exe looks for it in the folder above.
    rb'(\$Env:_?CONDA_EXE = )"[^"\n]*"': rb'\1"$PSScriptRoot\\..\\..\\Scripts\\conda.exe"',
    rb'(\$Env:CONDA_PYTHON_EXE = )"[^"\n]*"': rb'\1"$PSScriptRoot\\..\\..\\python.exe"',
    rb'(\$Env:_CONDA_ROOT = )"[^"\n]*"': rb'\1"$PSScriptRoot\\..\\.."',
}
HOOKS = ("condabin/mamba.bat", "condabin/mamba_hook.bat", "shell/condabin/conda-hook.ps1")
for name in (*HOOKS, "Scripts/conda-script.py"):
    path = Path(sys.argv[2], name)
    if not path.exists():
        continue
    text = before = path.read_bytes().replace(b"\r\n", b"\n")
    for old, new in LINES.items():
        text = re.sub(b"(?m)^" + old + b"$", new, text)
    if text == before and not name.endswith(".ps1"):
        sys.exit(f"{path} has no line that can be patched")
    if name.endswith(".bat"):  # cmd.exe can miss a label in a file with LF.
        text = text.replace(b"\n", b"\r\n")
    path.unlink()  # It can be a hard link into the package cache.
    path.write_bytes(text)
