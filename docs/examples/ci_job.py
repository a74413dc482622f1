"""Create a locked environment, run a command in it, and check that nothing changed it.

    python ci_job.py my_env.lock -- python -m pytest

The exit code is the one of the command, or 1 if the command succeeded but changed the environment.
docs/examples/ci.yml calls this script.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import sealenv


def job(lock: Path, command: Sequence[str], folder: Path) -> int:
    """Create the environment, run the command, verify, and return the exit code."""
    made = sealenv.create(prefix=folder / "env", file=lock, reporter=Log())
    print(f"python {made.python}, lock {made.lock_digest[:12]}", flush=True)
    code = sealenv.run(made.prefix, command, clean=True).returncode
    report = sealenv.verify(made.prefix)
    for finding in report.findings:
        print(f"{finding.kind}: {finding.path}", file=sys.stderr)
    return code or int(bool(report.findings))


class Log(sealenv.Reporter):
    """Print one line for each step."""

    def phase(self, name: str, what: str) -> None:
        """Print the beginning of a step."""
        print(f"{name}: {what}", flush=True)

    def warn(self, text: str) -> None:
        """Print a warning."""
        print(f"warning: {text}", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("lock", type=Path)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory(prefix="ci-") as folder:
            return job(given.lock, given.command, Path(folder))
    except sealenv.SealenvError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
