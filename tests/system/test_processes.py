"""`leave_now` ends a process whose threads still run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parents[2] / "src"
_PROGRAM = """
import atexit, sys, threading
sys.path.insert(0, sys.argv[1])
from sealenv.system.processes import leave_now
atexit.register(print, "a handler ran")
for _ in range(3):
    threading.Thread(target=threading.Event().wait).start()
print("said", flush=True)
if sys.argv[3] == "main":
    leave_now(int(sys.argv[2]))
threading.Thread(target=leave_now, args=[int(sys.argv[2])]).start()
"""


@pytest.mark.parametrize(("code", "thread"), [(0, "main"), (70, "another")])
def test_threads_do_not_hold_it_and_no_handler_runs(code: int, thread: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(SRC), str(code), thread],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout.split(), done.stderr) == (code, ["said"], "")
