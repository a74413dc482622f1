"""`python -m tests.channel DIR`: build the local channel of the tests in DIR."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from sealenv.errors import SealenvError
from tests.channel.builder import build


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.channel", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--minor", nargs="*", help="python versions to add, for example 3.12")
    parser.add_argument("--bench", action="store_true", help="add the large packages")
    parser.add_argument("--no-pypi", action="store_true", help="leave out what is downloaded")
    parser.add_argument("--no-cache", action="store_true", help="build anew")
    args = parser.parse_args()
    started = time.perf_counter()
    try:
        channels = build(
            args.folder,
            minors=args.minor,
            bench=args.bench,
            pypi=not args.no_pypi,
            use_cache=not args.no_cache,
            on_step=print,
        )
    except SealenvError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    for line in channels.missing:
        print(f"left out: {line}")
    for name in ("main", "extra", "hostile"):
        print(f"{name}: {getattr(channels, name).resolve().as_uri()}")
    print(f"python: {', '.join(channels.pythons)}")
    count = len(list(channels.root.rglob("*.conda")))
    print(f"{count} archives, {time.perf_counter() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
