"""The processes above this one: was one of them started inside an environment?

A process that has cleared its variables is still a child of the environment that it was started in.
What it was started with says so: on Linux each process's start block (/proc/PID/environ), which no
process changes by unsetting a variable. Everywhere else, and for processes of other users, only the
program's own file can say it, where that can be asked (docs/explanation/isolation.md).
"""

from __future__ import annotations

import os
import sys

from sealenv.gates.findings import Finding
from sealenv.gates.rule import PRESENT
from sealenv.gates.rules import ANCESTOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["Process", "above", "find_above", "judge"]

_DEPTH = 64
_OURS = ("SEALENV_PREFIX", "SEALENV_INSIDE")
"""The second is what `sealenv shell` starts a shell with that activates itself."""
_ASKED = (b"SEALENV_PREFIX=", b"SEALENV_INSIDE=", b"CONDA_PREFIX=", b"VIRTUAL_ENV=")


class Process:
    """A process above this one."""

    __slots__ = ("block", "exe", "name", "pid")

    def __init__(self, pid: int, name: str, exe: str, block: bytes) -> None:
        self.pid = pid
        self.name = name
        self.exe = exe
        """The path of its program; empty where it may not be asked."""
        self.block = block
        """The variables that it was started with, as the kernel keeps them; empty likewise."""


def find_above() -> list[Finding]:
    """What the processes above say: nothing where they cannot be asked."""
    return judge(above(), (sys.prefix, sys.exec_prefix, sys.base_prefix))


def judge(processes: Iterable[Process], own: Iterable[str]) -> list[Finding]:
    """The findings, one for each environment, the nearest process first.

    An environment of ours is *active*: nobody leaves it by clearing variables. One of another tool is
    only *present*: many a terminal was started from a prompt with `(base)` in it.

    Args:
        processes: from the parent upwards.
        own: prefixes of the environment that sealenv runs from.
    """
    found: dict[str, Finding] = {}
    mine = {os.path.normcase(os.path.realpath(prefix)) for prefix in own}
    for process in processes:
        who = f"process {process.pid} ({process.name})"
        inside = _started_with(process.block)
        sealed = next((inside[name] for name in _OURS if name in inside), "")
        if sealed:
            what = f"{who} was started inside this sealed environment"
            found.setdefault(sealed, Finding(ANCESTOR, sealed, what=what))
            continue
        for name, prefix in inside.items():
            if os.path.normcase(os.path.realpath(prefix)) not in mine:
                what = f"{who} was started with this as its {name}"
                found.setdefault(prefix, Finding(ANCESTOR, prefix, what=what, level=PRESENT))
        prefix = _sealed_prefix_of(process.exe)
        if prefix and os.path.normcase(os.path.realpath(prefix)) not in mine:
            what = f"{who} is a program of this sealed environment"
            found.setdefault(prefix, Finding(ANCESTOR, prefix, what=what))
    return list(found.values())


def above() -> Iterator[Process]:
    """The processes above this one, from the parent upwards."""
    if sys.platform == "win32":
        from sealenv.gates.windows_processes import processes_above

        yield from (Process(pid, name, exe, b"") for pid, name, exe in processes_above(_DEPTH))
    elif sys.platform == "linux":
        yield from _on_linux()


def _on_linux() -> Iterator[Process]:
    pid = os.getppid()
    for _ in range(_DEPTH):
        if pid <= 1:
            return
        stat = _read(f"/proc/{pid}/stat")
        # The name stands in parentheses, and may hold some.
        end = stat.rfind(b")")
        if end < 0:
            return
        name = stat[stat.find(b"(") + 1 : end].decode("utf-8", "replace")
        try:
            exe = os.readlink(f"/proc/{pid}/exe")
        except OSError:
            exe = ""
        yield Process(pid, name, exe, _read(f"/proc/{pid}/environ"))
        pid = int(stat[end + 1 :].split()[1])


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _started_with(block: bytes) -> dict[str, str]:
    if not any(name in block for name in _ASKED):
        return {}
    found = {}
    for item in block.split(b"\0"):
        name, _, value = item.partition(b"=")
        if value and name + b"=" in _ASKED:
            found[name.decode()] = os.fsdecode(value)
    return found


def _sealed_prefix_of(exe: str) -> str:
    """The sealed environment that a program lies in: beside it, one or two folders up."""
    folder = os.path.dirname(exe)
    for _ in range(3):
        if len(folder) < 2:
            return ""
        if os.path.isfile(os.path.join(folder, "conda-meta", "sealenv")):
            return folder
        folder = os.path.dirname(folder)
    return ""
