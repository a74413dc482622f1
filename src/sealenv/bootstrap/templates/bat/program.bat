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
}
for name in ("condabin/mamba.bat", "condabin/mamba_hook.bat", "Scripts/conda-script.py"):
    path = Path(sys.argv[2], name)
    if not path.exists():
        continue
    text = before = path.read_bytes().replace(b"\r\n", b"\n")
    for old, new in LINES.items():
        text = re.sub(b"(?m)^" + old + b"$", new, text)
    if text == before:
        sys.exit(f"{path} has no line that can be patched")
    # The file can be a hard link into the package cache. cmd.exe can miss a label in a file with LF.
    path.unlink()
    path.write_bytes(text.replace(b"\n", b"\r\n"))
