"""py-rattler as it is, without our handling: the contrast in the tests of its gaps.

Each use is a process of its own that leaves by `os._exit`: py-rattler can crash while an interpreter
shuts down. Where a contrast no longer holds, an upgrade of py-rattler has closed the gap, and what we
do about it can go.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["bare_install"]

_PROGRAM = """
import asyncio, json, os, sys
from pathlib import Path
from rattler import Channel, Gateway, VirtualPackage, install, solve

async def main(job):
    records = await solve(
        [Channel(job["channel"])], job["specs"], gateway=Gateway(cache_dir=Path(job["cache"], "r")),
        virtual_packages=[v.into_generic() for v in VirtualPackage.detect()],
        platforms=["linux-64", "noarch"])
    more = {}
    if job["scripts"]:
        more["execute_link_scripts"] = True
    await install(records, job["prefix"], cache_dir=Path(job["cache"], "p"), show_progress=False, **more)

try:
    asyncio.run(main(json.loads(sys.argv[1])))
except BaseException as error:
    sys.stderr.write(f"{type(error).__name__}: {error}\\n")
    sys.stderr.flush()
    os._exit(1)
os._exit(0)
"""


def bare_install(
    channel: str, specs: Sequence[str], prefix: Path, cache: Path, *, scripts: bool = False
) -> subprocess.CompletedProcess[str]:
    """`solve` and `install` of py-rattler with its defaults; the caller looks at the exit code."""
    cache.mkdir(parents=True, exist_ok=True)
    job = {
        "channel": channel,
        "specs": list(specs),
        "prefix": str(prefix),
        "cache": str(cache),
        "scripts": scripts,
    }
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, json.dumps(job)],
        env={"PATH": os.environ["PATH"], "HOME": str(cache)},
        cwd=cache,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
