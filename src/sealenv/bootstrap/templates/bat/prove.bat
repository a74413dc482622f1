rem The proof: activate as the documents say, then run the programs of the environment. The marker shows which
rem environment a folder is: the same folder can have several names (a mapped drive, a link, a short name).
:prove
setlocal
call :own_home
set "SB_BAD="
if not defined SB_HAS_MAMBA set "CONDA_PREFIX=%SB_PREFIX%" & set "PATH=%SB_PREFIX%;%SB_PREFIX%\Library\bin;%SB_PREFIX%\Scripts;%PATH%"
if defined SB_HAS_MAMBA call "%SB_PREFIX%\condabin\mamba.bat" activate || set "SB_BAD=mamba.bat activate"
if not exist "%CONDA_PREFIX%\conda-meta\sealenv.pending" set "SB_BAD=CONDA_PREFIX"
for %%I in (python.exe) do if defined SB_HAS_PYTHON if not exist "%%~dp$PATH:Iconda-meta\sealenv.pending" set "SB_BAD=PATH: another python.exe comes first"
if defined SB_HAS_PYTHON "%SB_PREFIX%\python.exe" --version || set "SB_BAD=python.exe"
if defined SB_HAS_CONDA "%SB_PREFIX%\Scripts\conda.exe" --version || set "SB_BAD=Scripts\conda.exe"
if defined SB_HAS_MAMBA "%SB_PREFIX%\Library\bin\mamba.exe" --version || set "SB_BAD=Library\bin\mamba.exe"
endlocal & set "SB_BAD=%SB_BAD%"
if not defined SB_BAD exit /b 0
call :fail 8 "the environment does not work: see above. This failed" "%SB_BAD%" "run the same command again"
exit /b 8
