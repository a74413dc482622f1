"""Which programs run from a folder: what Linux tells by /proc; elsewhere nothing is known."""

from __future__ import annotations

import os
import sys
from pathlib import Path

__all__ = ["programs_in"]


def programs_in(folder: Path) -> list[str]:
    """One `PID COMMAND` for each process whose program lies in the folder.

    Processes of other users can only be seen by root. Empty on other systems than Linux.
    """
    if not sys.platform.startswith("linux"):
        return []
    root = os.path.realpath(folder) + os.sep
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = os.readlink(process / "exe")
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended, or is another user's
        if program.startswith(root):
            command = b" ".join(words).decode(errors="replace").strip()
            found.append(f"{process.name} {command[:80]}")
    return found
