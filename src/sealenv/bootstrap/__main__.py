"""`python -m sealenv.bootstrap [DIR] [--check]`: write the standalone scripts, or compare them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sealenv.bootstrap.scripts import differing, write


def main(argv: list[str]) -> int:
    """Write or compare; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m sealenv.bootstrap", description="Write the standalone scripts."
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("bootstrap"), metavar="DIR")
    parser.add_argument("--check", action="store_true", help="only list scripts that differ")
    options = parser.parse_args(argv)
    if not options.check:
        for path in write(options.folder):
            print(path)
        return 0
    old = differing(options.folder)
    for name in old:
        print(f"{options.folder / name} is not what the generator writes", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
