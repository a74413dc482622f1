"""Start the engine's process, for `create` before anything else is imported: it loads py-rattler."""

from __future__ import annotations

import os
import subprocess
import sys

from sealenv.gates.admission import engine_environ

_BOOT = (
    "import sys; sys.path[:] = sys.argv.pop(1).split('\\n');"
    "from sealenv.engine.worker import main; main()"
)
_early: list[subprocess.Popen[bytes]] = []


def start() -> subprocess.Popen[bytes]:
    """Return the process that `start_early` started, or a new one. It ends when its stdin closes."""
    return _early.pop() if _early else _start()


def start_early() -> None:
    """Start a process now; if it is not used, it ends with this process."""
    if not _early:
        _early.append(_start())


def _start() -> subprocess.Popen[bytes]:
    # -I: no PYTHON* variable and no current folder; -S: no site-packages, sys.path is passed.
    # -B is passed on: -I ignores PYTHONDONTWRITEBYTECODE.
    options = ["-I", "-S", *(["-B"] if sys.dont_write_bytecode else [])]
    return subprocess.Popen(
        [sys.executable, *options, "-c", _BOOT, "\n".join(p for p in sys.path if p)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=engine_environ(os.environ),
        cwd=os.path.abspath(os.sep),  # ours may have been deleted
        bufsize=-1,
    )
