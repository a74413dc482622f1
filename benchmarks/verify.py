"""How long `verify` takes, as ratios in one run: python -m benchmarks.verify [--folder DIR].

One environment of more than 10,000 files and 500 MB, all of them from real packages; warm cache, whole
processes. The benchmark's packages are pure Python with many small files; a further package holds their
larger ones again, so that the mean size is that of an environment with compiled libraries.

- `xargs -P$(nproc) -n200 sha256sum` over the same files: what a shell would do, aim 1.0.
- one Python process that hashes them one after the other.
- `verify --fast` against `verify`, aim 0.5.
- `conda doctor`, where SEALENV_BENCH_CONDA names a conda.
- what the seal adds to `create`: its own seconds against the rest, aim 0.1.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Contender, machine_line, peak_kb, ratio, run_in_turn
from sealenv.system.hashing import processors
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from tests.channel import Channels, build

SRC = Path(__file__).resolve().parent.parent / "src"
_BYTES = 500_000_000
_LARGE = 50_000

_PLAIN = """
import hashlib, sys
for name in sys.stdin.buffer.read().split(b"\\0")[:-1]:
    with open(name, "rb", buffering=0) as file:
        hashlib.file_digest(file, "sha256").hexdigest()
"""


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    options = parser.parse_args()
    channels = build(bench=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-verify-") as folder:
        Bench(Path(folder), channels, options.rounds).run()


class Bench:
    """One measurement in one folder."""

    def __init__(self, root: Path, channels: Channels, rounds: int) -> None:
        self.root = root
        self.channels = channels
        self.rounds = rounds
        self.prefix = root / "envs" / "e"
        (root / "home").mkdir()
        self.env = {
            "PATH": os.environ["PATH"], "HOME": str(root / "home"), "LANG": "C.UTF-8",
            "SEALENV_CACHE": str(root / "cache"), "SEALENV_ENVS": str(root / "envs"),
        }  # fmt: skip

    def run(self) -> None:
        """Make the environment twice: the second time with a package of the first one's files."""
        print(f"{machine_line()}; Python {sys.version.split()[0]}; {self.rounds} rounds\n")
        self._create()
        extra = self._more()
        shutil.rmtree(self.prefix)
        self._create(*extra)
        files = [p for p in self.prefix.rglob("*") if p.is_file() and not p.is_symlink()]
        size = sum(p.stat().st_size for p in files)
        print(f"environment: {len(files)} files, {size / 1e6:.0f} MB\n")
        listing = self.root / "files"
        listing.write_bytes(b"".join(os.fsencode(p) + b"\0" for p in files))
        series = run_in_turn(self._contenders(listing), self.rounds)
        full = series["sealenv verify"]
        print("| what | median (lowest to highest) | verify / this |")
        print("|---|---|---|")
        for name, figures in series.items():
            print(f"| {name} | {figures} | {ratio(full, figures):.2f} |")
        print(f"\n--fast / full: {ratio(series['sealenv verify --fast'], full):.2f}")
        peak = peak_kb(self._command("verify", str(self.prefix)), self.env)
        print(f"peak resident set of any process of verify: {peak / 1024:.0f} MB")
        for options in ((), ("--no-pyc",)):
            self._seal(*extra, *options)

    def _contenders(self, listing: Path) -> list[Contender]:
        hashed = f"xargs -0 -P{processors()} -n200 sha256sum <{shlex.quote(str(listing))}"
        plain = f"{shlex.join([sys.executable, '-c', _PLAIN])} <{shlex.quote(str(listing))}"
        result = [
            Contender("sealenv verify", self._command("verify", str(self.prefix)), self.env),
            Contender(
                "sealenv verify --fast",
                self._command("verify", "--fast", str(self.prefix)),
                self.env,
            ),
            Contender(f"xargs -P{processors()} sha256sum", ["sh", "-c", hashed], self.env),
            Contender("one Python, file_digest", ["sh", "-c", plain], self.env),
        ]
        conda = os.environ.get("SEALENV_BENCH_CONDA")
        if conda:
            command = [conda, "doctor", "-p", str(self.prefix)]
            result.append(Contender("conda doctor", command, self.env))
        return result

    def _seal(self, *options: str) -> None:
        """What the seal adds to create, from create's own clock and from the whole process."""
        shares = []
        for number in range(4):
            shutil.rmtree(self.prefix)
            began = time.perf_counter()
            seconds = self._create(*options)["seconds"]
            whole = time.perf_counter() - began
            if number:
                shares.append((seconds["seal"] / (whole - seconds["seal"]), seconds["seal"], whole))
        share, seal, whole = (statistics.median(column) for column in zip(*shares, strict=True))
        kind = " ".join(o for o in options if o.startswith("--no")) or "with .pyc"
        print(f"create {kind}: {whole:.2f} s, of it seal {seal:.3f} s: adds {share:.1%}")

    def _create(self, *options: str) -> dict[str, dict[str, float]]:
        specs = [
            f"python={self.channels.python_minor}" if s == "python" else s
            for s in self.channels.bench
        ]
        command = self._command("create", "-p", str(self.prefix), "--json", *options)
        for spec in specs:
            command += ["--with", spec]
        command += ["-c", self.channels.main_url]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"create failed:\n{done.stdout}{done.stderr}")
        answer: dict[str, dict[str, float]] = json.loads(done.stdout)
        return answer

    def _more(self) -> list[str]:
        """A package with the environment's own files, until it is large enough."""
        folder = self.root / "more" / "noarch"
        folder.mkdir(parents=True)
        there = [
            p for p in sorted(self.prefix.rglob("*"))
            if p.is_file() and not p.is_symlink() and "conda-meta" not in p.parts
        ]  # fmt: skip
        payload, total = [], sum(p.stat().st_size for p in there)
        large = [p for p in there if p.stat().st_size > _LARGE and p.suffix != ".pyc"]
        for copy in range(9):
            for path in large:
                if total > _BYTES * 1.02:
                    break
                place = f"share/more{copy}/{path.relative_to(self.prefix).as_posix()}x"
                payload.append(Payload(place, source=path))
                total += path.stat().st_size
        package = Package(name="more", version="1.0", noarch="generic", payload=tuple(payload))
        write_package(package, folder)
        write_repodata(folder)
        return ["--with", "more", "-c", (self.root / "more").as_uri()]

    def _command(self, *words: str) -> list[str]:
        boot = f"import sys; sys.path.insert(0, {str(SRC)!r}); "
        return [
            sys.executable, "-c", boot + "from sealenv.__main__ import script; sys.exit(script())",
            *words,
        ]  # fmt: skip


if __name__ == "__main__":
    main()
