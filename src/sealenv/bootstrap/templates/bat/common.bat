rem :fail CODE "what happened" "where" "what to do next"
:fail
set "SB_RC=%~1"
>&2 echo [ERROR] %~2
if not "%~3"=="" >&2 echo         where: "%~3"
if not "%~4"=="" >&2 echo         next:  %~4
exit /b %SB_RC%
rem :one_piece FILE: what REM showed of an argument has no quote but those around it.
:one_piece
set "SB_SEEN="
for /f "usebackq delims=" %%L in ("%~1") do set "SB_SEEN=%%L"
if not defined SB_SEEN exit /b 0
setlocal EnableDelayedExpansion
set "SB_T=!SB_SEEN:*#=!"
if "!SB_T:~-1!"==" " set "SB_T=!SB_T:~0,-1!"
if "!SB_T:~-1!"=="#" set "SB_T=!SB_T:~0,-1!"
if not defined SB_T exit /b 0
if "!SB_T:~0,1!"=="!SB_QUOTE!" set "SB_T=!SB_T:~1!"
if not defined SB_T exit /b 0
if "!SB_T:~-1!"=="!SB_QUOTE!" set "SB_T=!SB_T:~0,-1!"
if not defined SB_T exit /b 0
set "SB_U=!SB_T:"=!"
if "!SB_U!"=="!SB_T!" exit /b 0
endlocal
call :fail 2 "an argument holds a quote" "" "do without it"
exit /b 2

rem :text NAME "what it is": refuses the value of a variable that could be taken for more than text. What
rem passes can be expanded between quotes: it has no quote, percent sign, exclamation mark, caret, newline.
:text
if not defined %~1 exit /b 0
setlocal EnableDelayedExpansion
set "SB_T=!%~1!"
set "SB_U=!SB_T:"=!"
set "SB_BAD="
if not "!SB_U!"=="!SB_T!" set "SB_BAD=1"
if not defined SB_BAD (
  set "SB_BAD=1"
  for /f "delims=" %%A in ("!SB_T!") do if "%%A"=="!SB_T!" set "SB_BAD="
)
if defined SB_BAD goto :refuse_text
endlocal
set "SB_T="
call set "SB_T=%%%~1%%"
set "SB_BAD=1"
for /f "eol=; delims=%%^!" %%A in ("%SB_T%") do if "%%A"=="%SB_T%" set "SB_BAD="
if not defined SB_BAD exit /b 0
setlocal
:refuse_text
endlocal
call :fail 2 "%~2 holds a character that cmd.exe would not take for text" "" "do without quotes, percent signs, exclamation marks, carets and line ends"
setlocal EnableDelayedExpansion
rem An address may have a password in it.
set "SB_T=!%~1!"
if "!SB_T:://=!"=="!SB_T!" >&2 echo         value: !SB_T!
endlocal
exit /b 2

rem :without NAME "characters" "what it is": refuses a value (without quotes) that has one of the characters.
:without
if not defined %~1 exit /b 0
set "SB_T="
call set "SB_T=%%%~1%%"
set "SB_BAD=1"
for /f "eol=; delims=%~2" %%A in ("%SB_T%") do if "%%A"=="%SB_T%" set "SB_BAD="
if not defined SB_BAD exit /b 0
set "SB_U=%SB_T%"
call :mask
call :fail 2 "%~3 holds a character that it must not have" "%SB_SHOWN%" "choose letters, digits, underscores, hyphens and dots"
exit /b 2

rem :short NAME "what it is": refuses what Windows would stumble over without saying so.
:short
if not defined %~1 exit /b 0
set "SB_T="
call set "SB_T=%%%~1%%"
if "%SB_T:~0,200%"=="%SB_T%" exit /b 0
call :fail 2 "%~2 is too long: 200 characters are the most" "%SB_T%" "choose a shorter one"
exit /b 2

rem :address NAME "what it is" "characters": refuses what is no address of curl's.
:address
if not defined %~1 exit /b 0
call :text %1 %2 || exit /b 2
call :without %1 "%~3" %2 || exit /b 2
set "SB_T="
call set "SB_T=%%%~1%%"
for %%P in (https http file) do call :begins %%P:// && exit /b 0
set "SB_U=%SB_T%"
call :mask
call :fail 2 "%~2 is no address" "%SB_SHOWN%" "it begins with https://, http:// or file://"
exit /b 2
:begins
for /f "tokens=1 delims=/" %%A in ("%SB_T%") do if /I "%%A//"=="%~1" exit /b 0
exit /b 1

rem :mask: SB_U, which has passed :text, into SB_SHOWN: without the user, password and token of a URL.
:mask
set "SB_SHOWN=%SB_U%"
if not defined SB_U exit /b 0
if "%SB_U:://=%"=="%SB_U%" exit /b 0
if "%SB_U:@=%"=="%SB_U%" if "%SB_U:/t/=%"=="%SB_U%" exit /b 0
call :piece
set "SB_SHOWN=%SB_T%/"
call :piece
:no_user
if defined SB_T if not "%SB_T:@=%"=="%SB_T%" (
  set "SB_T=%SB_T:*@=%"
  goto :no_user
)
if not defined SB_T set "SB_T=***"
set "SB_SHOWN=%SB_SHOWN%/%SB_T%"
:mask_rest
if not defined SB_U exit /b 0
set "SB_LAST=%SB_T%"
call :piece
if /I "%SB_LAST%"=="t" set "SB_T=***"
set "SB_SHOWN=%SB_SHOWN%/%SB_T%"
goto :mask_rest
rem What stands in SB_U before the first slash goes to SB_T.
:piece
set "SB_T=."
set "SB_REST_U=%SB_U%"
set "SB_U="
for /f "eol=/ tokens=1* delims=/" %%A in ("%SB_REST_U%") do (
  set "SB_T=%%A"
  set "SB_U=%%B"
)
exit /b 0

rem :read NAME FILE: the first word of a file.
:read
set "%1="
for /f "usebackq tokens=1" %%A in ("%~2") do if not defined %1 set "%1=%%A"
exit /b 0

rem :is_digest NAME: 64 hexadecimal digits.
:is_digest
if not defined %~1 exit /b 1
set "SB_T="
call set "SB_T=%%%~1%%"
if not defined SB_T exit /b 1
if not "%SB_T:~0,64%"=="%SB_T%" exit /b 1
if "%SB_T:~0,63%"=="%SB_T%" exit /b 1
set "SB_BAD="
rem FOR does not look at what follows a semicolon.
if not "%SB_T:;=%"=="%SB_T%" set "SB_BAD=1"
for /f "delims=0123456789abcdefABCDEF" %%A in ("%SB_T%") do set "SB_BAD=1"
if defined SB_BAD exit /b 1
exit /b 0

rem Windows' own curl and certutil: another one on PATH may be a conda environment's or anybody's.
:find_tools
set "SB_CURL=%SB_SYS%\curl.exe"
if not exist "%SB_CURL%" for %%I in (curl.exe) do set "SB_CURL=%%~$PATH:I"
set "SB_CERTUTIL=%SB_SYS%\certutil.exe"
if not defined SB_CURL (
  call :fail 9 "there is no curl.exe: Windows has it since 2018" "%SB_SYS%" "update Windows, or put curl.exe on PATH"
  exit /b 9
)
if exist "%SB_CERTUTIL%" exit /b 0
call :fail 9 "there is no certutil.exe: no digest can be checked" "%SB_CERTUTIL%" "repair Windows"
exit /b 9

rem :download URL FILE: all of it, or no file. An address in https stays so through every redirection.
:download
set "SB_U=%~1"
set "SB_REDIR="
if /I "%SB_U:~0,8%"=="https://" set "SB_REDIR=--proto-redir =https"
call :mask
"%SB_CURL%" --fail --silent --show-error --location --globoff %SB_REDIR% --retry 3 --retry-delay 2 --connect-timeout 30 --speed-limit 1 --speed-time 60 --output "%~2" --url "%~1"
if errorlevel 1 goto :not_downloaded
if exist "%~2" exit /b 0
:not_downloaded
del "%~2" 2>nul
call :fail 5 "a download failed" "%SB_SHOWN%" "check the network and the address, then run the same command again"
exit /b 5

rem :keep_digest FILE: SB_DIGEST beside it, unless it is there; by a rename, so that it is never half written.
:keep_digest
setlocal
set "SB_KEPT="
if exist "%~1.sha256" call :read SB_KEPT "%~1.sha256"
call :text SB_KEPT "the kept digest" 2>nul || set "SB_KEPT="
if /I "%SB_KEPT%"=="%SB_DIGEST%" exit /b 0
set "SB_T=%~1.sha256.%RANDOM%%RANDOM%.part"
2>nul >"%SB_T%" echo %SB_DIGEST%
move /Y "%SB_T%" "%~1.sha256" >nul 2>nul
if not exist "%SB_T%" if exist "%~1.sha256" exit /b 0
del "%SB_T%" 2>nul
echo [WARN] The digest could not be kept in "%~1.sha256": a later run trusts anew.
exit /b 0

rem :vouched FILE: whether it has the digest that is kept beside it: 0, or 1 not, or 2 none is kept.
:vouched
setlocal
set "SB_KEPT="
if exist "%~1.sha256" call :read SB_KEPT "%~1.sha256"
call :text SB_KEPT "the kept digest" 2>nul || set "SB_KEPT="
call :is_digest SB_KEPT || exit /b 2
call :digest_of "%~1" 2>nul || exit /b 1
if /I "%SB_KEPT%"=="%SB_DIGEST%" exit /b 0
exit /b 1

rem :digest_of FILE: its sha256 in SB_DIGEST. No answer, or one without a digest in it, is a failure.
:digest_of
set "SB_DIGEST="
"%SB_CERTUTIL%" -hashfile "%~1" SHA256 >"%SB_WORK%\digest.txt" 2>nul
rem Before Windows 10 there are spaces between the bytes.
for /f "usebackq delims=" %%L in ("%SB_WORK%\digest.txt") do (
  set "SB_LINE=%%L"
  call :take_digest
)
if defined SB_DIGEST exit /b 0
call :fail 5 "certutil.exe gave no digest: the file cannot be trusted" "%~1" "see what this says: certutil -hashfile FILE SHA256"
exit /b 5
:take_digest
if defined SB_DIGEST exit /b 0
setlocal EnableDelayedExpansion
set "SB_T=!SB_LINE: =!"
if not "!SB_T:~0,64!"=="!SB_T!" exit /b 0
set "SB_BAD="
if not "!SB_T:;=!"=="!SB_T!" exit /b 0
for /f "delims=0123456789abcdefABCDEF" %%A in ("!SB_T!") do set "SB_BAD=1"
if defined SB_BAD exit /b 0
if "!SB_T:~0,63!"=="!SB_T!" exit /b 0
for /f "delims=" %%A in ("!SB_T!") do endlocal & set "SB_DIGEST=%%A"
exit /b 0
