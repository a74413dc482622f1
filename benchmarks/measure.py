"""Whole processes, timed in turn: A B C A B C ..., so that a drifting machine hits all alike."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sealenv.system.hashing import processors


@dataclass
class Series:
    """The seconds of one contender, round by round, and its largest resident set in kB."""

    seconds: list[float] = field(default_factory=list)
    peak_kb: int = 0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        low, high = min(self.seconds), max(self.seconds)
        return f"{self.median:.3f} s ({low:.3f} to {high:.3f})"


@dataclass
class Contender:
    """A command, what to do before each run of it, and the seconds of its parts after it."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    before: Callable[[], None] = lambda: None
    parts: Callable[[], Mapping[str, float]] = dict


def run_in_turn(contenders: Sequence[Contender], rounds: int, warmup: int = 1) -> dict[str, Series]:
    """Run each contender once a round; the first rounds are not counted.

    The parts of a contender are series of their own: `name: part`.
    """
    series = {c.name: Series() for c in contenders}
    for number in range(warmup + rounds):
        for contender in contenders:
            contender.before()
            os.sync()
            began = time.perf_counter()
            process = subprocess.Popen(
                contender.command, env=dict(contender.env), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            )  # fmt: skip
            _, complaint = process.communicate()
            seconds = time.perf_counter() - began
            if process.returncode != 0:
                raise SystemExit(f"{contender.name} failed:\n{complaint.decode()}")
            if number >= warmup:
                series[contender.name].seconds.append(seconds)
                for part, spent in contender.parts().items():
                    series.setdefault(f"{contender.name}: {part}", Series()).seconds.append(spent)
    return series


_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, capture_output=True, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def peak_kb(command: Sequence[str], env: Mapping[str, str]) -> int:
    """The largest resident set of any process that the command starts, in kB.

    A process of its own asks: a child starts with the resident set of who forked it.
    """
    asked = [sys.executable, "-I", "-S", "-c", _PEAK, *command]
    done = subprocess.run(asked, env=dict(env), capture_output=True, text=True, check=True)
    return int(done.stdout)


def ratio(one: Series, other: Series) -> float:
    """The median of the ratios, round by round."""
    return statistics.median(a / b for a, b in zip(one.seconds, other.seconds, strict=True))


def machine_line() -> str:
    """What the figures were measured on."""
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{processors()} processors, {model}"
