"""Bare interpreters that run `reader`, early: they start while we import.

Imports little, because it runs before anything else of a command does.
"""

from __future__ import annotations

import os
import subprocess
import sys

from sealenv.system.environ import engine_environ
from sealenv.system.processors import processors

__all__ = ["end", "start", "start_early"]

_PROGRAM = os.path.join(os.path.dirname(__file__), "reader.py")
_early: list[subprocess.Popen[bytes]] = []
_started: list[subprocess.Popen[bytes]] = []
"""Those, and whose end nobody has seen."""


def start() -> subprocess.Popen[bytes]:
    """One that `start_early` began, or a new one. It ends when its stdin closes.

    Raises:
        OSError: there can be no more processes.
    """
    return _early.pop(0) if _early else _start()


def start_early(most: int) -> None:
    """Begin them now; who never uses one loses nothing, it ends with us.

    Args:
        most: so many processes at most, this one among them.
    """
    try:
        while len(_early) + 1 < min(processors(), most):
            _early.append(_start())
    except OSError:
        return  # no more processes: there will be fewer helpers


def end() -> None:
    """Kill those that are still there. They end with us, but one that is stopped sees nothing."""
    for process in _started:
        process.kill()


def _start() -> subprocess.Popen[bytes]:
    # -I: no PYTHON* variable and no current folder; -S: no site; -B: nothing is written.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=engine_environ(os.environ),
        cwd=os.path.abspath(os.sep),  # ours may be gone
    )
    _started[:] = [known for known in _started if known.returncode is None] + [process]
    return process
