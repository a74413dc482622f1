"""How long `create` takes, as ratios in one run: python -m benchmarks.create [--folder DIR].

Warm cache, about 35 packages and 14,000 files, whole processes. The check's time is taken out of
sealenv's (the peers check nothing) and shown apart.

- `cp -al` of the same tree: the physical limit of a tree of hard links.
- py-rattler's own solve + install with full cache validation, in one process.
- `micromamba create`, where SEALENV_TEST_MICROMAMBA names one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.measure import Contender, Series, machine_line, peak_kb, ratio, run_in_turn
from tests.channel import Channels, build

SRC = Path(__file__).resolve().parent.parent / "src"

_PEER = """
import asyncio, os, sys
from pathlib import Path
from rattler import Channel, Gateway, VirtualPackage, install, solve
from rattler.package_cache import PackageCache, ValidationMode

async def main(url, subdir, prefix, cache, *specs):
    records = await solve(
        [Channel(url)], specs, gateway=Gateway(cache_dir=Path(cache, "repodata")),
        platforms=[subdir, "noarch"],
        virtual_packages=[v.into_generic() for v in VirtualPackage.detect()],
    )
    packages = PackageCache.new_layered([Path(cache, "pkgs")], False, ValidationMode.full())
    await install(records, prefix, package_cache=packages, show_progress=False)

asyncio.run(main(*sys.argv[1:]))
os._exit(0)
"""


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    options = parser.parse_args()
    channels = build(bench=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-create-") as folder:
        Bench(Path(folder), channels, options.rounds).run()


class Bench:
    """One measurement in one folder."""

    def __init__(self, root: Path, channels: Channels, rounds: int) -> None:
        self.root = root
        self.channels = channels
        self.rounds = rounds
        self.ours = root / "envs" / "ours"
        self.check_seconds: list[float] = []
        self.answer = root / "answer.json"
        (root / "home").mkdir()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(root / "home"), "LANG": "C.UTF-8",
            "SEALENV_CACHE": str(root / "cache"), "SEALENV_ENVS": str(root / "envs"),
        }  # fmt: skip
        for name in ("SEALENV_TEST_MICROMAMBA",):
            if name in os.environ:
                self.env[name] = os.environ[name]

    def run(self) -> None:
        specs = [
            f"python={self.channels.python_minor}" if s == "python" else s
            for s in self.channels.bench
        ]
        print(f"{machine_line()}; Python {sys.version.split()[0]}; {self.rounds} rounds\n")
        plain = self._contenders(specs, "--no-pyc")
        series = run_in_turn(plain, self.rounds)
        files = sum(1 for p in self.ours.rglob("*") if not p.is_dir())
        packages = len(list((self.ours / "conda-meta").glob("*.json")))
        print(f"environment: {packages} packages, {files} files\n")
        self._table(series, "sealenv --no-pyc")
        check = sorted(self.check_seconds)[len(self.check_seconds) // 2]
        print(f"\nthe check, not in the figures above: {check:.3f} s")
        with_pyc = run_in_turn(self._contenders(specs)[:1], max(3, self.rounds // 2))
        print(f"with .pyc: {with_pyc['sealenv']}")
        self._remove()
        peak = peak_kb(self._command(specs, ()), self.env)
        print(f"peak resident set of any process, with .pyc: {peak / 1024:.0f} MB")
        self._remove()
        (self.root / "cache").rename(self.root / "old-cache")
        peak = peak_kb(self._command(specs, ()), self.env)
        print(f"the same with a cold cache: {peak / 1024:.0f} MB")

    def _contenders(self, specs: list[str], *options: str) -> list[Contender]:
        tree, peer = self.root / "copy", self.root / "peer"

        def fresh(path: Path) -> Callable[[], None]:
            return lambda: shutil.rmtree(path, ignore_errors=True)

        result = [
            Contender("sealenv", self._command(specs, options), self.env, self._remove, self._check),
            Contender("cp -al", ["cp", "-al", str(self.ours), str(tree)], self.env, fresh(tree)),
            Contender(
                "py-rattler",
                [sys.executable, "-c", _PEER, self.channels.main_url, self.channels.subdir,
                 str(peer), str(self.root / "peer-cache"), *specs],
                self.env,
                fresh(peer),
            ),
        ]  # fmt: skip
        micromamba = os.environ.get("SEALENV_TEST_MICROMAMBA")
        if micromamba:
            other = self.root / "micromamba"
            result.append(Contender(
                "micromamba",
                [micromamba, "create", "-y", "-q", "--no-rc", "-r", str(self.root / "mm"), "-p",
                 str(other), "--override-channels", "-c", self.channels.main_url, "--no-pyc", *specs],
                self.env,
                fresh(other),
            ))  # fmt: skip
        return result

    def _command(self, specs: list[str], options: tuple[str, ...]) -> list[str]:
        boot = (
            f"import sys; sys.path.insert(0, {str(SRC)!r}); from sealenv.__main__ import main; "
            f"out = open({str(self.answer)!r}, 'w'); sys.stdout = out; sys.exit(main())"
        )
        command = [sys.executable, "-c", boot, "create", "-p", str(self.ours), "--json"]
        for spec in specs:
            command += ["--with", spec]
        return [*command, "-c", self.channels.main_url, *options]

    def _remove(self) -> None:
        shutil.rmtree(self.ours, ignore_errors=True)

    def _check(self) -> float:
        seconds = float(json.loads(self.answer.read_text())["seconds"]["check"])
        self.check_seconds.append(seconds)
        return seconds

    def _table(self, series: dict[str, Series], name: str) -> None:
        ours = series["sealenv"]
        print("| what | median (lowest to highest) | sealenv / this |")
        print("|---|---|---|")
        print(f"| {name} | {ours} | |")
        for other, figures in series.items():
            if other != "sealenv":
                print(f"| {other} | {figures} | {ratio(ours, figures):.2f} |")


if __name__ == "__main__":
    subprocess.run(["sync"], check=False)
    main()
