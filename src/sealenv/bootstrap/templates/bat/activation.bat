call "%SB_PREFIX%\condabin\mamba.bat" activate || set "SB_BAD=mamba.bat activate"
if not exist "%CONDA_PREFIX%\conda-meta\sealenv.pending" set "SB_BAD=CONDA_PREFIX"
for %%I in (python.exe) do if not exist "%%~dp$PATH:Iconda-meta\sealenv.pending" set "SB_BAD=PATH: another python.exe comes first"
