"""How long `create` takes, as ratios in one run: python -m benchmarks.create [--svg FILE].

Warm cache, about 37 packages and 14,000 files, whole processes, one after the other in each round:

- sealenv without .pyc, with .pyc that an earlier environment has compiled, and with a first compile;
- `cp -al` of the same tree: the physical limit of a tree of hard links;
- py-rattler's own solve + install with full cache validation, in one process: no .pyc, no check;
- `compileall -j0` of the same files, in the same form;
- the programs that the check runs, each alone;
- `micromamba create`, with and without .pyc, where SEALENV_TEST_MICROMAMBA names one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
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
PLAIN, WARM, FIRST = "sealenv --no-pyc", "sealenv", "sealenv, first compile"
LINKS, RATTLER, COMPILEALL = "cp -al", "py-rattler", "compileall -j0"
MAMBA, MAMBA_PLAIN = "micromamba", "micromamba --no-pyc"
BARE = f"{PLAIN}, no check"
ALONE = {
    "python": ["bin/python", "--version"],
    "pip": ["bin/python", "-m", "pip", "--version"],
    "conda": ["bin/conda", "--version"],
    "mamba": ["bin/mamba", "--version"],
}
RATIOS = (
    (WARM, PLAIN, "1.3"),
    (WARM, MAMBA, "0.5"),
    (WARM, LINKS, ""),
    (FIRST, MAMBA, "0.8"),
    (f"{FIRST}: pyc", COMPILEALL, ""),
    (BARE, RATTLER, "1.5"),
    (BARE, MAMBA_PLAIN, "0.9"),
    (BARE, LINKS, ""),
    (f"{WARM}: check", "the slowest program of the check", "1.5"),
)
"""What is compared with what, and the largest ratio that is aimed at."""


def main() -> None:
    """Measure, and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    parser.add_argument("--svg", type=Path, help="write a plot of the medians")
    options = parser.parse_args()
    channels = build(bench=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-create-") as folder:
        series = Bench(Path(folder), channels).run(options.rounds)
    if options.svg:
        shown = (LINKS, RATTLER, PLAIN, WARM, FIRST, MAMBA_PLAIN, MAMBA)
        options.svg.write_text(plot({k: series[k].median for k in shown if k in series}))


class Bench:
    """One measurement in one folder."""

    def __init__(self, root: Path, channels: Channels) -> None:
        self.root = root
        self.channels = channels
        self.ours = root / "envs" / "ours"
        self.answer = root / "answer.json"
        (root / "home").mkdir()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(root / "home"), "LANG": "C.UTF-8",
            "SEALENV_CACHE": str(root / "cache"), "SEALENV_ENVS": str(root / "envs"),
        }  # fmt: skip
        minor = channels.python_minor
        self.specs = [f"python={minor}" if s == "python" else s for s in channels.bench]

    def run(self, rounds: int) -> dict[str, Series]:
        """Measure everything, print the tables, and return the figures."""
        print(f"{machine_line()}; Python {sys.version.split()[0]}; {rounds} rounds\n")
        series = run_in_turn([*self._ours(), *self._others()], rounds)
        check = series[f"{PLAIN}: check"].seconds
        series[BARE] = Series([a - b for a, b in zip(series[PLAIN].seconds, check, strict=True)])
        slowest = max((series[f"{name} alone"] for name in ALONE), key=lambda s: s.median)
        series["the slowest program of the check"] = slowest
        files = sum(1 for path in self.ours.rglob("*") if not path.is_dir())
        packages = len(list((self.ours / "conda-meta").glob("*.json")))
        print(f"environment: {packages} packages, {files} files\n")
        _print_tables(series)
        for what in ("warm", "cold"):
            shutil.rmtree(self.ours)
            kilobytes = peak_kb(self._command(), self.env)
            print(f"peak resident set of any process, {what} cache: {kilobytes / 1024:.0f} MB")
            shutil.rmtree(self.root / "cache")
        return series

    def _ours(self) -> Iterator[Contender]:
        """Yield ours; the last one leaves an environment with .pyc for the others."""
        compiled = self.root / "cache" / "compiled"
        for name, gone, options in (
            (FIRST, [self.ours, compiled], ()),
            (PLAIN, [self.ours], ("--no-pyc",)),
            (WARM, [self.ours], ()),
        ):
            yield Contender(name, self._command(*options), self.env, _fresh(*gone), self._seconds)

    def _others(self) -> Iterator[Contender]:
        tree, peer, compiled = (self.root / name for name in ("copy", "peer", "compileall"))
        copy = ["cp", "-al", str(self.ours), str(tree)]
        yield Contender(LINKS, copy, self.env, _fresh(tree))
        url, subdir = self.channels.main_url, self.channels.subdir
        cache = str(self.root / "peer-cache")
        command = [sys.executable, "-c", _PEER, url, subdir, str(peer), cache, *self.specs]
        yield Contender(RATTLER, command, self.env, _fresh(peer))
        command = [
            str(self.ours / "bin" / "python"), "-I", "-S", "-B", "-W", "ignore", "-m", "compileall",
            "-q", "-j0", "--invalidation-mode", "checked-hash", str(compiled),
        ]  # fmt: skip
        tolerant = ["sh", "-c", '"$@"; true', "sh", *command]  # some files are not valid Python
        yield Contender(COMPILEALL, tolerant, self.env, lambda: self._copy_sources(compiled))
        for name, (program, *rest) in ALONE.items():
            yield Contender(f"{name} alone", [str(self.ours / program), *rest], self.env)
        micromamba = os.environ.get("SEALENV_TEST_MICROMAMBA")
        for name, options in ((MAMBA_PLAIN, ["--no-pyc"]), (MAMBA, [])) if micromamba else ():
            other = self.root / name.replace(" ", "")
            yield Contender(
                name,
                [str(micromamba), "create", "-y", "-q", "--no-rc", "-r", str(self.root / "mm"), "-p",
                 str(other), "--override-channels", "-c", url, *options, *self.specs],
                self.env,
                _fresh(other),
            )  # fmt: skip

    def _command(self, *options: str) -> list[str]:
        boot = (
            f"import sys; sys.path.insert(0, {str(SRC)!r}); from sealenv.__main__ import main; "
            f"out = open({str(self.answer)!r}, 'w'); sys.stdout = out; sys.exit(main())"
        )
        command = [sys.executable, "-c", boot, "create", "-p", str(self.ours), "--json"]
        for spec in self.specs:
            command += ["--with", spec]
        return [*command, "-c", self.channels.main_url, *options]

    def _seconds(self) -> Mapping[str, float]:
        seconds: dict[str, float] = json.loads(self.answer.read_text())["seconds"]
        return seconds

    def _copy_sources(self, place: Path) -> None:
        """Copy the sources that `create` compiles: those with a .pyc."""
        shutil.rmtree(place, ignore_errors=True)
        for compiled in self.ours.glob("lib/**/__pycache__/*.pyc"):
            source = compiled.parent.parent / f"{compiled.name.partition('.')[0]}.py"
            target = place / source.relative_to(self.ours)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)


def _fresh(*paths: Path) -> Callable[[], None]:
    """Return what removes folders."""

    def remove() -> None:
        for path in paths:
            shutil.rmtree(path, ignore_errors=True)

    return remove


def _print_tables(series: Mapping[str, Series]) -> None:
    print("| What | Median (lowest to highest) |\n|---|---|")
    for name, figures in series.items():
        print(f"| {name} | {figures} |")
    print("\n| What | Against | Ratio | Aim: at most |\n|---|---|---|---|")
    for one, other, aim in RATIOS:
        if one in series and other in series:
            print(f"| {one} | {other} | {ratio(series[one], series[other]):.2f} | {aim} |")
    print()


def plot(medians: Mapping[str, float]) -> str:
    """Return horizontal bars as SVG."""
    scale = 420 / max(medians.values())
    lines = []
    for number, (name, seconds) in enumerate(medians.items()):
        y, width = 12 + 30 * number, seconds * scale
        colour = "#2f6f8f" if name.startswith("sealenv") else "#9aa5ab"
        lines += [
            f'<text x="188" y="{y + 15}" text-anchor="end">{name}</text>',
            f'<rect x="196" y="{y}" width="{width:.0f}" height="20" fill="{colour}"/>',
            f'<text x="{204 + width:.0f}" y="{y + 15}">{seconds:.2f} s</text>',
        ]
    height = 12 + 30 * len(medians)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 700 {height}" role="img" '
    style = 'font-family="sans-serif" font-size="14" fill="#444">'
    label = "<title>Seconds of one create, warm cache</title>"
    return "\n".join([head + style, label, *lines, "</svg>", ""])


if __name__ == "__main__":
    subprocess.run(["sync"], check=False)
    main()
