"""Prefixes for the tests on Windows: one that looks like an environment, and a real one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sealenv.activation.scripts_windows import compile_windows
from sealenv.activation.variables import read_variables
from tests.channel import Channels
from tests.machine import SRC
from tests.windows.machine import Windows

SCRIPTS = ("B", "a", "_z", "10", "9")
AWKWARD = "a b $HOME %PATH% %%x ^ & ; | < > ( ) 'p' & echo PWNED"
VARIABLES = {"AWKWARD": AWKWARD, "FIFTY": "50%", "PLAIN": "x y"}


def fake_prefix(prefix: Path, variables: dict[str, str] | None = None) -> Path:
    """Folders, variables and package scripts of an environment; no program."""
    folders = ("conda-meta", "condabin", "Scripts", "Library/bin", "Library/mingw64/bin")
    for folder in (*folders, "etc/conda/env_vars.d", "etc/conda/activate.d", "etc/sealenv"):
        (prefix / folder).mkdir(parents=True)
    (prefix / "conda-meta/history").touch()
    (prefix / ".condarc").touch()
    content = json.dumps(VARIABLES if variables is None else variables)
    (prefix / "etc/conda/env_vars.d/package.json").write_text(content, encoding="utf-8")
    for name in SCRIPTS:
        script = prefix / f"etc/conda/activate.d/{name}.bat"
        script.write_bytes(f'@set "STEPS=%STEPS% {name}"\r\n'.encode())
    return prefix


def write(windows: Windows, prefix: Path, made_at: Path | None = None) -> Path:
    """The activation scripts, as create writes them on Windows itself."""
    values = read_variables(prefix)[0]
    files, _ = compile_windows(prefix, windows.path(made_at or prefix), values)
    for name, data in files.items():
        (prefix / name).write_bytes(data)
    return prefix


def create_on_this_machine(root: Path, channels: Channels, *packages: str) -> Path:
    """`sealenv create --platform win-64` into a folder with a space, from the local channel."""
    prefix = root / "envs of mine" / "my env"
    wanted = [argument for package in packages for argument in ("--with", package)]
    boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); sys.argv[0] = 'sealenv'; "
    boot += "from sealenv.__main__ import script; sys.exit(script())"
    command = [sys.executable, "-c", boot, "create", "-p", str(prefix), "3.12", *wanted]
    kept = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "LANG", "COMSPEC", "PATHEXT")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {"HOME": str(root), "USERPROFILE": str(root), "SEALENV_CACHE": str(root / "cache")}
    main = (channels.root / "main").as_uri()
    done = subprocess.run(
        [*command, "--platform", "win-64", "-c", main],
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return prefix
