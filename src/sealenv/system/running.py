"""Which programs run from a folder."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["programs_in"]


def programs_in(folder: Path) -> list[str]:
    """List `PID COMMAND` of each process whose program lies in the folder.

    Programs of other users are seen by an administrator alone.
    """
    import psutil  # 20 ms; only commands that remove, move or repair need it

    root = os.path.normcase(os.path.join(os.path.realpath(folder), ""))
    found = []
    for process in psutil.process_iter(["exe", "cmdline"]):
        program, command = process.info["exe"], process.info["cmdline"]
        if program and process.pid != os.getpid() and os.path.normcase(program).startswith(root):
            found.append(f"{process.pid} {' '.join(command or [program])[:80]}")
    return found
