rem mamba's scripts, and the one beside conda.exe, contain the path of the environment. After the patch they find it
rem from their own place. The new Python reads the program for that from the end of this script.
:patch
"%SB_PREFIX%\python.exe" -I -c "import sys; exec(open(sys.argv[1]).read().split('\n:program\n')[1])" "%SB_SELF%" "%SB_PREFIX%"
if not errorlevel 1 exit /b 0
call :fail 8 "cannot patch the scripts of the environment: see above" "%SB_PREFIX%" "report it, with the version of mamba: its scripts may have changed"
exit /b 8
