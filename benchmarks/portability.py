"""How long `audit` takes, as ratios in one run: python -m benchmarks.portability [--folder DIR].

The environment of benchmarks.verify: more than 10,000 files and 500 MB, all from real packages; warm
cache, whole processes.

- `sealenv audit` for the environment's own path, in every form, against `grep -rlF` for its plain one:
  aim 1.5.
- `sealenv audit --foreign` against the same: aim 4.
- the largest resident set of any process of `audit`, with a file of 2 GB in the environment: aim 200 MB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Contender, machine_line, peak_kb, ratio, run_in_turn
from benchmarks.verify import Bench
from tests.channel import Channels, build

_LARGE = 2 << 30


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    options = parser.parse_args()
    channels = build(bench=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-audit-") as folder:
        Portability(Path(folder), channels, options.rounds).run()


class Portability(Bench):
    """One measurement in one folder."""

    def __init__(self, root: Path, channels: Channels, rounds: int) -> None:
        super().__init__(root, channels, rounds)
        self.audit = self._command("audit", str(self.prefix))

    def run(self) -> None:
        """Make the environment, search it, and again with a large file."""
        print(f"{machine_line()}; Python {sys.version.split()[0]}; {self.rounds} rounds\n")
        files, size = self._make()
        print(f"environment: {files} files, {size / 1e6:.0f} MB\n")
        grep = ["grep", "-rlF", str(self.prefix), str(self.prefix)]
        self._agree(grep)
        series = run_in_turn(
            [
                Contender("grep -rlF", grep, self.env),
                Contender("sealenv audit", self.audit, self.env),
                Contender("sealenv audit --foreign", [*self.audit, "--foreign"], self.env),
            ],
            self.rounds,
        )
        plain = series["grep -rlF"]
        print("| what | median (lowest to highest) | this / grep |")
        print("|---|---|---|")
        for name, figures in series.items():
            print(f"| {name} | {figures} | {ratio(figures, plain):.2f} |")
        self._large()

    def _make(self) -> tuple[int, int]:
        self._create()
        extra = self._more()
        subprocess.run([*self._command("remove", "-y", str(self.prefix))], env=self.env, check=True)
        self._create(*extra)
        files = [p for p in self.prefix.rglob("*") if p.is_file() and not p.is_symlink()]
        return len(files), sum(p.stat().st_size for p in files)

    def _agree(self, grep: list[str]) -> None:
        """What grep finds is found, so that both have done the same."""
        found = subprocess.run(grep, capture_output=True, text=True, check=True).stdout.splitlines()
        shown = subprocess.run(
            [*self.audit, "--all"], env=self.env, capture_output=True, text=True, check=True
        ).stdout
        missing = [p for p in found if os.path.relpath(p, self.prefix) not in shown]
        if missing:
            raise SystemExit(f"audit does not find {missing}")

    def _large(self) -> None:
        """Memory, with a file that holds the path at its end, and often."""
        path = self.prefix / "large"
        with path.open("wb") as file:
            file.truncate(_LARGE)
            file.seek(0, os.SEEK_END)
            file.write(os.fsencode(self.prefix) * 100_000)
        for option in ((), ("--foreign",)):
            peak = peak_kb([*self.audit, *option], self.env)
            name = " ".join(["sealenv audit", *option])
            print(f"\n{name} with a file of 2 GB: largest resident set {peak / 1024:.0f} MB")
        path.unlink()


if __name__ == "__main__":
    main()
