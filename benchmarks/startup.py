"""Start-up, as ratios in one run: python -m benchmarks.startup.

`sealenv --version` against `python -c pass`, and what `sealenv run ENV -- true` adds to `true`. sealenv
is installed into a fresh virtual environment, as a user would.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.measure import Contender, machine_line, ratio, run_in_turn

REPO = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="bench-startup-") as folder:
        root = Path(folder)
        subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
        python = str(root / "venv" / "bin" / "python")
        quiet = ["-q", "--disable-pip-version-check"]
        subprocess.run([python, "-m", "pip", "install", *quiet, "--upgrade", "pip"], check=True)
        subprocess.run([python, "-m", "pip", "install", *quiet, str(REPO)], check=True)
        sealenv = str(root / "venv" / "bin" / "sealenv")
        env = {
            "PATH": "/usr/bin:/bin", "HOME": str(root / "home"), "LANG": "C.UTF-8",
            "SEALENV_ENVS": str(root / "envs"), "SEALENV_CACHE": str(root / "cache"),
        }  # fmt: skip
        tour = root / "tour"
        subprocess.run([sealenv, "demo", "-q", "--keep", str(tour)], env=env, check=True)
        subprocess.run(
            [sealenv, "create", "e", "-q", "--no-pyc", "-c", (tour / "channel").as_uri()],
            env=env, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        series = run_in_turn(
            [
                Contender("python -c pass", [python, "-c", "pass"], env),
                Contender("sealenv --version", [sealenv, "--version"], env),
                Contender("true", ["/bin/true"], env),
                Contender("sealenv run e -- true", [sealenv, "run", "e", "--", "true"], env),
                Contender("sealenv --help", [sealenv, "--help"], env),
            ],
            rounds=31,
            warmup=2,
        )
    print(f"{machine_line()}; Python {sys.version.split()[0]}\n")
    base = series["python -c pass"]
    for name, figures in series.items():
        print(
            f"{name:<24} {figures.median * 1000:6.1f} ms   {ratio(figures, base):.2f} x python -c pass"
        )
    added = series["sealenv run e -- true"].median - series["true"].median
    print(f"\nrun adds {added * 1000:.1f} ms: {added / base.median:.2f} x python -c pass")


if __name__ == "__main__":
    os.environ.pop("PYTHONPATH", None)
    main()
