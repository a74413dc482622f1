"""What the programs that generate a file have in common: write it, or compare it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path


def write_or_compare(path: Path, content: Callable[[], str], program: str) -> int:
    """Write the file with --write, else compare it; the exit code.

    Args:
        path: of the generated file.
        content: makes it from the code.
        program: the name for `python -m`.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("--write", action="store_true", help="write the file instead of comparing")
    if parser.parse_args().write:
        path.parent.mkdir(exist_ok=True)
        path.write_text(content(), encoding="utf-8")
        return 0
    if path.is_file() and path.read_text(encoding="utf-8") == content():
        return 0
    print(f"{path.name} is not up to date: run it with --write", file=sys.stderr)
    return 1
