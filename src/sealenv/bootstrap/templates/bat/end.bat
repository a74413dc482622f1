:end
if defined SB_WORK rmdir /S /Q "\\?\%SB_WORK%" 2>nul
endlocal & exit /b %SB_RC%

:help
for /f "usebackq tokens=1,* delims=|" %%A in ("%SB_SELF%") do if "%%A"=="rem " echo:%%B
goto :end
