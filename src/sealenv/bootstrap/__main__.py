"""`python -m sealenv.bootstrap`: write the standalone scripts, compare them, pin a release."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from sealenv.bootstrap.pin import pin
from sealenv.bootstrap.releases import BASE_URL
from sealenv.bootstrap.scripts import differing, write
from sealenv.errors import SealenvError


def main(argv: list[str]) -> int:
    """Do what the arguments say; prints errors and returns the exit code."""
    try:
        return _pin(argv[1:]) if argv[:1] == ["pin"] else _write(argv)
    except SealenvError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _write(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sealenv.bootstrap",
        description="Write the standalone scripts. `pin VERSION` as arguments: add a release's digests.",
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("bootstrap"), metavar="DIR")
    parser.add_argument("--check", action="store_true", help="only say which scripts are old")
    options = parser.parse_args(argv)
    if not options.check:
        for path in write(options.folder):
            print(path)
        return 0
    old = differing(options.folder)
    for name in old:
        print(f"{options.folder / name} is not what the generator writes", file=sys.stderr)
    return 1 if old else 0


def _pin(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sealenv.bootstrap pin",
        description="Download a release of micromamba for every platform, compare each executable with "
        "its .sha256, and write the digests into the table that the scripts are made from.",
    )
    parser.add_argument("version", metavar="VERSION", help="such as 2.8.1-1")
    parser.add_argument("--url", default=BASE_URL, help="the address of the releases")
    options = parser.parse_args(argv)
    pin(options.version, base=options.url)
    print("now write the scripts anew: python -m sealenv.bootstrap")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
