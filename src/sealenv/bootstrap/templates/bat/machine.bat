rem micromamba ends without a word on a Windows that has no Visual C++ runtime.
for %%D in (vcruntime140 vcruntime140_1 msvcp140) do if not exist "%SB_SYS%\%%D.dll" (
  call :fail 6 "micromamba needs the Microsoft Visual C++ runtime, which is not installed" "%%D.dll" "install https://aka.ms/vs/17/release/vc_redist.x64.exe, or run: winget install Microsoft.VCRedist.2015+.x64"
  goto :end
)
