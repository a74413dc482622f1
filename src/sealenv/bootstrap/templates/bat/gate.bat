rem One shell, one environment: an active one would decide which files programs use.
__SEALENV_GATE__
set "SB_T=%PATH:"=%"
for %%D in ("%SB_T:;=" "%") do call :gate_folder "%%~D" || set "SB_DIRTY=1"
if defined SB_DIRTY call :fail 3 "this shell is not clean: see above" "" "clear the variables, or open a new cmd.exe window" & goto :end
