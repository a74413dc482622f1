"""Install one bundle on many machines without a network.

    python fleet.py pack my_env.lock my_env.sealenv
    python fleet.py install my_env.sealenv SHA256 /opt/envs/my_env     on each machine

`pack` needs a network and prints the digest. `install` can run any number of times: it leaves an intact
environment unchanged, repairs a damaged one, and replaces it if the bundle has changed. It prints the
fingerprint of the packages, which is the same on every machine.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

import sealenv


def pack(what: str, bundle: Path) -> str:
    """Write the bundle and return its sha256."""
    return sealenv.bundle(what, output=bundle, force=True).sha256


def install(bundle: Path, sha256: str, prefix: Path) -> str:
    """Create, repair or replace the environment, and return the fingerprint of its packages."""
    with bundle.open("rb") as file:
        found = hashlib.sha256()
        while block := file.read(1 << 20):
            found.update(block)
    if found.hexdigest() != sha256:
        raise SystemExit(f"{bundle} does not have the expected sha256")
    beside = prefix.with_name(f".new-{prefix.name}")
    if beside.is_dir():
        sealenv.remove(beside)  # left by an interrupted install
    wanted = sealenv.plan(prefix=beside, file=bundle, offline=True).lock_digest
    if prefix.is_dir():
        there = sealenv.info(prefix)
        if there.seal and there.seal.lock.digest == wanted:
            sealenv.repair(prefix, offline=True)
        else:
            sealenv.create(prefix=beside, file=bundle, offline=True)
            sealenv.remove(prefix)  # until the move ends there is no environment
            sealenv.move(beside, prefix)
    else:
        sealenv.create(prefix=prefix, file=bundle, offline=True)
    report = sealenv.verify(prefix)
    now = report.fingerprints.now
    if report.damaged or now is None:
        raise SystemExit(f"{prefix} is damaged: sealenv verify {prefix}")
    return now.packages


def main(argv: Sequence[str] | None = None) -> int:
    """Read the command line and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    packing = commands.add_parser("pack")
    packing.add_argument("what", help="an environment or a lock")
    packing.add_argument("bundle", type=Path)
    installing = commands.add_parser("install")
    installing.add_argument("bundle", type=Path)
    installing.add_argument("sha256")
    installing.add_argument("prefix", type=Path)
    given = parser.parse_args(argv)
    try:
        if given.command == "pack":
            print(pack(given.what, given.bundle))
        else:
            print(install(given.bundle, given.sha256, given.prefix.absolute()))
    except sealenv.SealenvError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
