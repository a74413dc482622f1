"""A program under Wine that never ends is described, and Wine is started again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.windows.machine import Windows, WineTimeoutError, processes

_WAITS = """
import os, sys
print("so far", flush=True)
os.read(os.pipe()[0], 1)
"""


@pytest.mark.skipif(os.name == "nt", reason="Wine does not run on Windows")
def test_a_program_that_never_ends(windows: Windows, tmp_path: Path) -> None:
    assert windows.prefix is not None
    left = windows.prefix / "drive_c" / "left"
    left.touch()
    script = tmp_path / "waits for ever.py"
    script.write_text(_WAITS)
    with pytest.raises(WineTimeoutError) as caught:
        windows.cmd(f'"{windows.path(windows.python)}" "{windows.path(script)}"', timeout=4)
    for text in ("stdout, so far: so far", "cmd.exe", "waits for ever.py", "wineserver"):
        assert text in str(caught.value)
    assert not left.exists()
    assert not any("waits for ever" in str(found.cmdline()) for found in processes(windows.prefix))
    assert windows.cmd("exit /b 7").returncode == 7
