"""`python3 -m release.vendored`: fetch the report's third-party files from npm again.

The files are in the repository, so the wheel does not need node. This script gets the package with
`npm pack`, compares its digest with the one below, and writes the files. For another version, change
both; `npm view NAME@VERSION dist.integrity` prints the digest.
"""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "d3-hierarchy@3.1.3"
INTEGRITY = (
    "sha512-GRajN5ZcnEwYFWqqdzhG1qJ3+fDg6WWzk47TJg7ePY7yvYAgRfD2r1mU"
    "x+wviBOWuCwamCUzjwMSdato43jbGA=="
)
"""The digest of the archive, in npm's notation."""
FILES = {
    "package/dist/d3-hierarchy.min.js": (
        "d3-hierarchy.min.js",
        "971f374ce9fdbec711eb2358003e2bb755bff22ec6852dc5ebd59f987270db64",
    ),
    "package/LICENSE": (
        "d3-hierarchy.LICENSE",
        "2a6d2d5f32ba0b755ddbc1c833f766e30cdbe6ebe9a6d4e3e24427721f0b63d3",
    ),
}
"""Path in the archive -> name here and sha256."""
ASSETS = Path(__file__).resolve().parent.parent / "src" / "sealenv" / "inventory" / "assets"


def take(archive: bytes) -> dict[str, bytes]:
    """Return the files of the archive by their names in the repository.

    Raises:
        ValueError: the archive or a file in it does not have the pinned digest.
    """
    found = "sha512-" + base64.b64encode(hashlib.sha512(archive).digest()).decode()
    if found != INTEGRITY:
        raise ValueError(f"{PACKAGE} has {found}, not {INTEGRITY}")
    files = {}
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
        for path, (name, sha256) in FILES.items():
            member = tar.extractfile(path)
            data = member.read() if member else b""
            if hashlib.sha256(data).hexdigest() != sha256:
                raise ValueError(f"{path} of {PACKAGE} does not have the pinned sha256")
            files[name] = data
    return files


def main() -> int:
    """Get, compare, write."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", scratch]
        subprocess.run([*command, PACKAGE], check=True, stdin=subprocess.DEVNULL)
        (archive,) = Path(scratch).glob("*.tgz")
        try:
            files = take(archive.read_bytes())
        except ValueError as error:
            print(f"nothing was written: {error}", file=sys.stderr)
            return 1
    for name, data in files.items():
        (ASSETS / name).write_bytes(data)
        print(f"{ASSETS / name}: {len(data)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
