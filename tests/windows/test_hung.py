"""A hung Wine is recognised and described, and a new one is started."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.windows import hung
from tests.windows.hung import WineHungError
from tests.windows.machine import Windows

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Wine does not run on Windows")

# A pipe without a writer stands in for the lock of a stopped thread.
_WAITS = """
import os, sys
print("so far", flush=True)
print("oh", file=sys.stderr, flush=True)
os.read(os.pipe()[0], 1)
"""
_POLLS = "import time; print('so far', flush=True)\nwhile True: time.sleep(0.05)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hung, "QUIET_SECONDS", 3.0)


def test_what_waits_for_ever(windows: Windows, tmp_path: Path) -> None:
    assert windows.prefix is not None
    left = windows.prefix / "drive_c" / "left"
    left.touch()
    script = tmp_path / "waits for ever.py"
    script.write_text(_WAITS)
    with pytest.raises(WineHungError) as caught:
        windows.cmd(f'"{windows.path(windows.python)}" "{windows.path(script)}"', timeout=4)
    said = str(caught.value)
    assert "no end in 4 s" in said
    assert "stdout, so far:\n  | so far" in said
    assert "stderr, so far:\n  | oh" in said
    for program in ("cmd.exe", "waits for ever.py", "wineserver", "services.exe"):
        assert program in said, said
    # Its Wine is gone with all that ran in it; the next command meets a new one.
    assert not left.exists()
    assert "waits for ever" not in str(hung.processes(windows.prefix))
    assert windows.cmd("exit /b 7").returncode == 7


@pytest.mark.parametrize("source", [_POLLS, "while True: pass"])
def test_what_works_or_asks_again_is_no_hang(windows: Windows, source: str) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        windows.run([windows.python, "-c", source], timeout=4)
    assert windows.cmd("exit /b 7").returncode == 7
