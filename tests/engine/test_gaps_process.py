"""Gap 2: py-rattler can crash the interpreter that shuts down after it (1 to 8 % of processes)."""

from __future__ import annotations

import subprocess
import sys

from tests.machine import SRC

_WORKER = """
import atexit, os, sys
sys.path.insert(0, sys.argv[1])
atexit.register(os.write, 2, b"shut down\\n")
from sealenv.engine.worker import main
main()
"""


def test_the_engine_never_shuts_an_interpreter_down() -> None:
    """What crashes is not run: neither after an End nor when stdin closes."""
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
