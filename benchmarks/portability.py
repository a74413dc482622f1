"""How long `audit`, `move` and `clone` take, as ratios in one run:
python -m benchmarks.portability [--folder DIR] [--conda-pack EXE].

The environment of benchmarks.verify: more than 10,000 files and 500 MB, all from real packages; warm
cache, whole processes.

- `sealenv audit` for the environment's own path, in every form, against `grep -rlF` for its plain one:
  aim 2.
- the largest resident set of any process of `audit`, with a file of 2 GB in the environment: aim 200 MB.
- `sealenv move` there and back, with all its checks and the run at the end, against `conda-pack`,
  unpacking that, and `conda-unpack`, which checks nothing: aim a twentieth. A tar.gz, as conda-pack
  makes it if nothing else is said; and a tar without compression, which is the least that this takes.
- `sealenv clone`, with the run at the end, against `cp -al`, which gives one that holds the other
  path and shares what is written in place: aim 2. `clone --copy` against `cp -a`.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Contender, Series, machine_line, peak_kb, ratio, run_in_turn
from benchmarks.verify import Bench
from tests.channel import Channels, build

_LARGE = 2 << 30


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--folder", type=Path, help="measure on this file system")
    parser.add_argument("--conda-pack", default=shutil.which("conda-pack"), help="its executable")
    options = parser.parse_args()
    channels = build(bench=True)
    with tempfile.TemporaryDirectory(dir=options.folder, prefix="bench-audit-") as folder:
        Portability(Path(folder), channels, options.rounds, options.conda_pack).run()


class Portability(Bench):
    """One measurement in one folder."""

    def __init__(
        self, root: Path, channels: Channels, rounds: int, conda_pack: str | None = None
    ) -> None:
        super().__init__(root, channels, rounds)
        self.conda_pack = conda_pack
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
            ],
            self.rounds,
        )
        _show(series, "grep -rlF", "grep")
        self._clone()
        self._move()
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

    def _clone(self) -> None:
        twin = self.root / "envs" / "twin"

        def contender(name: str, command: list[str]) -> Contender:
            return Contender(name, command, self.env, before=lambda: _gone(twin))

        here, there = str(self.prefix), str(twin)
        linked = [
            contender("cp -al", ["cp", "-al", here, there]),
            contender("sealenv clone", self._command("clone", here, there)),
        ]
        _show(run_in_turn(linked, self.rounds), "cp -al", "cp -al")
        copied = [
            contender("cp -a", ["cp", "-a", here, there]),
            contender("sealenv clone --copy", self._command("clone", "--copy", here, there)),
        ]
        _show(run_in_turn(copied, self.rounds), "cp -a", "cp -a")
        _gone(twin)

    def _move(self) -> None:
        """Each has an environment of its own; that of `sealenv move` goes there and back."""
        mover = self.root / "envs" / "mover"
        made = self._command("clone", "--copy", str(self.prefix), str(mover))
        subprocess.run(made, env=self.env, check=True, capture_output=True)
        turn = 'a=$1 b=$2; shift 2; [ -d "$a" ] || { c=$a; a=$b; b=$c; }; exec "$@" "$a" "$b"'
        places = [str(mover), str(mover.with_name("moved-there"))]
        move = ["sh", "-c", turn, "sh", *places, *self._command("move")]

        def before() -> None:
            _warm(*map(Path, places))
            self._load([*move[:-1], "move", "--dry-run"])

        contenders = [Contender("sealenv move", move, self.env, before)]
        if self.conda_pack:
            contenders += [self._packing("tar.gz", "conda-pack's way"), self._packing("tar")]
        else:
            print("\nno conda-pack here: pip install conda-pack, and name it with --conda-pack")
        name = contenders[min(1, len(contenders) - 1)].name
        _show(run_in_turn(contenders, self.rounds), name, name)
        for name in places:
            _gone(Path(name))

    def _packing(self, kind: str, name: str = "") -> Contender:
        """conda-pack into an archive (its default is tar.gz), tar out of it, conda-unpack."""
        packed, place = self.root / f"packed.{kind}", self.root / "unpacked"
        script = (
            f'"$1" -p "$2" -o "$3" --format {kind} --force -q && mkdir "$4" && '
            'tar -xf "$3" -C "$4" && "$4/bin/python" "$4/bin/conda-unpack"'
        )
        words = [str(self.conda_pack), str(self.prefix), str(packed), str(place)]
        command = ["sh", "-c", script, "sh", *words]

        def before() -> None:
            _gone(place)
            _warm(self.prefix)
            self._load([str(self.conda_pack), "--help"])

        return Contender(name or f"the same with {kind}", command, self.env, before)

    def _load(self, command: list[str]) -> None:
        """The program itself into the cache: half a minute of the others may have pushed it out."""
        subprocess.run(command, env=self.env, check=True, capture_output=True)

    def _large(self) -> None:
        """Memory, with a file that holds the path at its end, and often."""
        path = self.prefix / "large.log"  # one that does not matter: exit code 0
        with path.open("wb") as file:
            file.truncate(_LARGE)
            file.seek(0, os.SEEK_END)
            file.write(os.fsencode(self.prefix) * 100_000)
        peak = peak_kb(self.audit, self.env)
        print(f"\nsealenv audit with a file of 2 GB: largest resident set {peak / 1024:.0f} MB")
        path.unlink()


def _show(series: dict[str, Series], base: str, title: str) -> None:
    print(f"\n| what | median (lowest to highest) | this / {title} |")
    print("|---|---|---|")
    for name, figures in series.items():
        value = ratio(figures, series[base])
        print(f"| {name} | {figures} | {value:.{2 if value >= 0.1 else 3}f} |")


def _warm(*folders: Path) -> None:
    """Read everything: what the others did meanwhile may have pushed it out of the cache."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file() and not path.is_symlink():
                path.read_bytes()


def _gone(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
