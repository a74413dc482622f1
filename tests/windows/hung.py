"""Wine that hangs: told from a program that runs on, and described.

What hangs in Wine itself uses no processor time. So does a program of ours that waits for ever without
asking again: from outside the two look the same. That is why a hang is always reported, with what every
process waits in, and why only few are tried again (tests/windows/again.py).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from _pytest.outcomes import OutcomeException

__all__ = ["Process", "WineHungError", "processes", "what_hung"]

QUIET_SECONDS = 10.0
_AT_REST = 0.0002
"""Seconds of processor time that a process may use meanwhile: Wine's services wake up once a minute. A
program that polls twenty times a second uses twenty times as much."""
_SERVER = "wineserver"
"""At rest too it wakes up some thirty times a second (Wine 10)."""


class WineHungError(OutcomeException):
    """A program under Wine did not end in its time, and nothing in its Wine prefix was at work.

    No Exception, so that nothing in between takes it for the failure of what it tests: hypothesis would
    try the example again, and report that it passes.
    """


@dataclass(frozen=True)
class Process:
    """One process of a Wine prefix.

    Attributes:
        state: R, S, D ... as in proc(5).
        waits_in: the kernel function that its first thread waits in.
        cpu: seconds of processor time of all its threads so far.
        age: seconds since it was started.
    """

    pid: int
    state: str
    waits_in: str
    threads: int
    cpu: float
    age: float
    command: str


def processes(prefix: Path) -> list[Process]:
    """Every process that runs with this WINEPREFIX, wineserver among them; oldest first."""
    found = []
    for proc in Path("/proc").glob("[1-9]*"):
        # A process may end while it is looked at; and not every one may be looked at.
        with contextlib.suppress(OSError):
            if f"WINEPREFIX={prefix}".encode() in (proc / "environ").read_bytes().split(b"\0"):
                found.append(_read(proc))
    return sorted(found, key=lambda process: -process.age)


def _read(proc: Path) -> Process:
    # From the third field on: the second, the name, may hold anything.
    fields = (proc / "stat").read_text().rpartition(")")[2].split()
    tasks = [task.read_text().split()[0] for task in proc.glob("task/*/schedstat")]
    command = (proc / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return Process(
        pid=int(proc.name),
        state=fields[0],
        waits_in=(proc / "wchan").read_text(),
        threads=len(tasks),
        # In nanoseconds: clock ticks would hide a program that polls.
        cpu=sum(map(int, tasks)) / 1e9,
        age=time.clock_gettime(time.CLOCK_BOOTTIME) - started,
        command=command.strip() or (proc / "comm").read_text().strip(),
    )


def what_hung(prefix: Path, error: BaseException) -> str | None:
    """The processes, and what was printed so far, if Wine hung; None if not."""
    if not isinstance(error, subprocess.TimeoutExpired) or not _is_idle(prefix):
        return None
    lines = [f"no end in {error.timeout:g} s, and nothing was at work for {QUIET_SECONDS:g} s"]
    lines += _table(processes(prefix))
    lines += _quoted("stdout", error.stdout)
    lines += _quoted("stderr", error.stderr)
    return "\n".join(lines)


def _is_idle(prefix: Path) -> bool:
    """Whether for QUIET_SECONDS nothing in the Wine prefix starts, ends or runs."""
    before = {process.pid: process for process in processes(prefix)}
    time.sleep(QUIET_SECONDS)
    after = {process.pid: process for process in processes(prefix)}
    if not after or before.keys() != after.keys():
        return False
    return all(
        _SERVER in process.command
        or (process.state != "R" and process.cpu - before[pid].cpu <= _AT_REST)
        for pid, process in after.items()
    )


def _table(found: list[Process]) -> Iterator[str]:
    yield "  pid    state threads  cpu s  age s  waits in              command"
    for p in found:
        yield (
            f"  {p.pid:<6} {p.state:<5} {p.threads:>7} {p.cpu:>6.2f} {p.age:>6.0f}  "
            f"{p.waits_in:<20}  {p.command}"
        )


def _quoted(name: str, said: bytes | None) -> Iterator[str]:
    text = (said or b"").decode(errors="replace").strip()
    yield f"{name}, so far:" if text else f"{name}: nothing so far"
    for line in text.splitlines()[-40:]:
        yield f"  | {line}"
