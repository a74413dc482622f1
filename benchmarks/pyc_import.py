"""What each invalidation mode of .pyc costs on import: `python -m benchmarks.pyc_import`.

Makes one copy of a site-packages folder per mode in a temporary folder, and starts a new python for
each import, the modes in random order within a round. Prints a Markdown table of medians, each with
the median of its ratio to `timestamp` in the same round. `--cold` drops the files of the copy from
the page cache before each start (Linux). Results and the decision: docs/explanation/pyc.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from sealenv.system.hashing import processors

WHEELS = ("pip", "sympy", "networkx", "rich", "pydantic", "sqlalchemy")
IMPORTS = {
    "pip": "pip._internal.cli.main, pip._internal.commands.install",
    "rich": "rich.console, rich.table, rich.progress, rich.markdown",
    "networkx": "networkx",
    "pydantic": "pydantic.main",
    "sqlalchemy": "sqlalchemy.orm",
    "sympy": "sympy",
}
MODES = ("timestamp", "unchecked-hash", "checked-hash", "none")
_COMPILE = """
import os, py_compile, sys
root, mode = sys.argv[1], py_compile.PycInvalidationMode[sys.argv[2].upper().replace("-", "_")]
for folder, _, files in os.walk(root):
    for name in files:
        if name.endswith(".py"):
            path = os.path.join(folder, name)
            try:
                py_compile.compile(path, dfile=os.path.relpath(path, root), doraise=True,
                                   invalidation_mode=mode)
            except (py_compile.PyCompileError, ValueError):
                pass
"""
_IMPORT = """
import sys, time
sys.path.insert(0, {site!r})
begin = time.perf_counter(), time.process_time()
import {what}
end = time.perf_counter(), time.process_time()
ours = [m for m in sys.modules.values() if (getattr(m, "__file__", "") or "").startswith({site!r})]
print(end[0] - begin[0], end[1] - begin[1], len(ours))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", default=sys.executable, help="the interpreter to measure")
    parser.add_argument("--runs", type=int, default=25)
    parser.add_argument("--cold", action="store_true", help="drop the files from the page cache")
    parser.add_argument("--site", type=Path, help="use this folder instead of fetching wheels")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealenv-pyc-") as scratch:
        sites = prepare(Path(scratch), options.python, options.site)
        describe(sites, options)
        for name, what in IMPORTS.items():
            if (sites["timestamp"] / name).is_dir():
                measure(name, what, sites, options.python, options.runs, cold=options.cold)


def prepare(scratch: Path, python: str, site: Path | None) -> dict[str, Path]:
    """One compiled copy of the packages per mode."""
    first = scratch / "none"
    if site:
        shutil.copytree(site, first, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--no-compile", "--target", str(first), *WHEELS], check=True)
    sites = {"none": first}
    for mode in MODES[:-1]:
        sites[mode] = scratch / mode
        shutil.copytree(first, sites[mode])
        subprocess.run([python, "-I", "-c", _COMPILE, str(sites[mode]), mode], check=True)
    if hasattr(os, "sync"):
        os.sync()
    return sites


def describe(sites: dict[str, Path], options: argparse.Namespace) -> None:
    version = subprocess.run(
        [options.python, "-V"], capture_output=True, text=True, check=True
    ).stdout.strip()
    sources = sum(1 for _ in sites["timestamp"].rglob("*.py"))
    cache = "cold" if options.cold else "warm"
    print(f"{version}, {platform.system()} {platform.machine()}, {processors()} processors")
    print(
        f"{sources} sources; median of {options.runs} runs, modes alternating; {cache} page cache"
    )
    print("\n| Package (modules) | Mode | Import | Import, processor time | Whole process |")
    print("|---|---|---|---|---|")


def measure(
    name: str, what: str, sites: dict[str, Path], python: str, runs: int, *, cold: bool
) -> None:
    # Per mode: the import's time, the import's processor time, the whole process's time.
    times: dict[str, list[tuple[float, ...]]] = defaultdict(list)
    modules = ""
    for number in range(runs + 1):
        order = list(MODES)
        random.Random(number).shuffle(order)
        for mode in order:
            if cold:
                forget(sites[mode])
            program = _IMPORT.format(site=str(sites[mode]), what=what)
            begin = time.perf_counter()
            done = subprocess.run(
                [python, "-I", "-S", "-B", "-c", program],
                capture_output=True,
                text=True,
                check=True,
            )
            whole = time.perf_counter() - begin
            wall, cpu, modules = done.stdout.split()
            if number:  # the first round warms up
                times[mode].append((float(wall), float(cpu), whole))
    for mode in MODES:
        cells = []
        for what_time in range(3):
            taken = [t[what_time] for t in times[mode]]
            # Round by round, so that a machine that is busy for a while changes no ratio.
            pairs = zip(taken, (t[what_time] for t in times["timestamp"]), strict=True)
            ratio = statistics.median(one / other for one, other in pairs)
            cells.append(f"{statistics.median(taken) * 1e3:.0f} ms, {ratio:.2f}")
        print(f"| {name} ({modules}) | {mode} | {' | '.join(cells)} |", flush=True)


def forget(site: Path) -> None:
    """Drop the contents of a folder's files from the page cache, and no others."""
    for path in site.rglob("*"):
        if path.is_file():
            fd = os.open(path, os.O_RDONLY)
            try:
                os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
            finally:
                os.close(fd)


if __name__ == "__main__":
    main()
