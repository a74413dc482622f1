rem :fail CODE "what happened" "value that is shown" "next step"
:fail
set "SB_RC=%~1"
if "%~3"=="" (>&2 echo [ERROR] %~2) else >&2 echo [ERROR] %~2: "%~3"
if not "%~4"=="" >&2 echo         next: %~4
exit /b %SB_RC%

rem :allowed NAME "more characters": the variable has only letters, digits, . _ - and these characters.
rem CALL expands the name, and a quote becomes a question mark. With the allowed characters as delimiters, FOR finds
rem a word only if there is another character. eol is one of them: by default FOR skips a text that begins with ;
:allowed
if not defined %~1 exit /b 0
call set "SB_T=%%%~1:"=?%%"
for /f "eol=a delims=abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%~2" %%A in ("%SB_T%") do if not "%%A"=="" (
  call :fail 2 "%~1 has a character that is not allowed" "" "use letters, digits, dots, hyphens and underscores"
  exit /b 2
)
exit /b 0

rem :place NAME "what it is": the path has no character that cmd.exe or FOR treats specially. FOR cuts it at the first.
:place
if not defined %~1 exit /b 0
call set "SB_T=%%%~1:"=?%%"
for /f "eol=? delims=?*%%!^&|<>" %%A in ("%SB_T%") do if "%%A"=="%SB_T%" exit /b 0
call :fail 2 "%~2 has a character that is not allowed in a path here" "" "use a path without quotes, percent and exclamation marks, carets, ampersands, pipes and wildcards"
exit /b 2
