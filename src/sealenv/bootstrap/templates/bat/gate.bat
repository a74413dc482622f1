if defined SB_CLEAN (
  call :scrub
  goto :clean
)
__SEALENV_GATE__
if defined SB_DIRTY (
  call :fail 3 "this shell is not clean: see above" "" "open a new cmd.exe window, or start from a clean environment with --clean"
  goto :end
)
:clean
