"""The engine's process: no interpreter shutdown, and none left behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.machine import SRC, Machine

_WORKER = """
import atexit, os, sys
sys.path.insert(0, sys.argv[1])
atexit.register(os.write, 2, b"shut down\\n")
from sealenv.engine.worker import main
main()
"""


def test_the_engine_does_not_shut_the_interpreter_down() -> None:
    """py-rattler can crash while an interpreter shuts down."""
    for request in (b'{"type": "end"}\n', b""):
        done = subprocess.run(
            [sys.executable, "-c", _WORKER, str(SRC)],
            input=request,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0
        assert b"shut down" not in done.stderr
    plain = _WORKER.replace("main()\n", "")
    done = subprocess.run([sys.executable, "-c", plain, str(SRC)], capture_output=True, check=False)
    assert b"shut down" in done.stderr


def engines_of(machine: Machine) -> list[str]:
    """Return the engine processes with this machine's HOME."""
    home = f"HOME={machine.home}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if home in (process / "environ").read_bytes().split(b"\0") and (
                b"sealenv.engine.worker" in (process / "cmdline").read_bytes()
            ):
                found.append(process.name)
        except OSError:
            continue
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_invalid_command_line_leaves_no_engine(machine: Machine) -> None:
    done = machine.run("create", "--nope", code=None)
    assert "Traceback" not in done.stderr
    assert "ResourceWarning" not in done.stderr
    end = time.monotonic() + 20
    while engines_of(machine):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not os.path.lexists(machine.envs)
