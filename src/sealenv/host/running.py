"""Which programs run from a folder: what Linux and Windows tell; elsewhere nothing is known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from sealenv.gates.windows_processes import programs

__all__ = ["programs_in"]

if sys.platform == "win32":

    def _programs() -> Iterator[tuple[int, str, str]]:
        """Number, executable and a text to show, of every process that we may ask."""
        for pid, program in programs():
            yield pid, program, program

else:

    def _programs() -> Iterator[tuple[int, str, str]]:
        """Number, executable and command line of every process that we may see."""
        if not sys.platform.startswith("linux"):
            return
        for process in Path("/proc").glob("[0-9]*"):
            try:
                program = os.readlink(process / "exe")
                words = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it ended, or is another user's
            command = b" ".join(words).decode(errors="replace").strip()
            yield int(process.name), program, command[:80]


def programs_in(folder: Path) -> list[str]:
    """One `PID COMMAND` for each process whose program lies in the folder.

    Processes of other users can only be seen by an administrator. Empty where the system is neither
    Linux nor Windows.
    """
    root = os.path.normcase(os.path.join(os.path.realpath(folder), ""))
    own = os.getpid()
    return [
        f"{pid} {text}"
        for pid, program, text in _programs()
        if pid != own and os.path.normcase(program).startswith(root)
    ]
