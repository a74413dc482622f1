"""`python3 -m release [--out DIR]`: the zip for Windows, from PyPI and this checkout.

Needs pip and an installed sealenv (`pip install -e .`) only for `--pin`; runs on any system.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from pathlib import Path

from release.windows import PINS, ROOT, build, pin


def main() -> int:
    """Build, and print path, size and sha256."""
    parser = argparse.ArgumentParser(prog="python3 -m release", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the zip (dist)")
    parser.add_argument(
        "--downloads", type=Path, default=ROOT / ".cache/release", help="folder of the wheels"
    )
    parser.add_argument("--pin", action="store_true", help=f"rewrite {PINS.name} instead")
    options = parser.parse_args()
    if options.pin:
        pin()
        return 0
    try:
        target = build(options.out, options.downloads)
    except (ValueError, OSError, subprocess.CalledProcessError) as error:
        print(f"the zip could not be built: {error}", file=sys.stderr)
        return 1
    data = target.read_bytes()
    print(f"{target}\n{len(data)} bytes\nsha256 {hashlib.sha256(data).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
