"""Install archives into a prefix with py-rattler, in a process of its own.

The interpreter can crash at its exit after py-rattler was used: the child ends by `os._exit`.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

__all__ = ["link"]


def link(
    prefix: Path,
    archives: Iterable[Path],
    cache: Path,
    *,
    platform: str | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Link the archives as they are, without a solver; the caller looks at the return code."""
    arguments = [prefix, cache, platform or "-", *archives]
    command = [sys.executable, "-m", "tests.channel.link", *map(str, arguments)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}"}
    return subprocess.run(
        command,
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=timeout,
    )


async def _install(prefix: str, cache: str, platform: str, *archives: str) -> None:
    from rattler import RepoDataRecord, Subdir, install

    records = [await RepoDataRecord.from_package_archive(Path(archive)) for archive in archives]
    await install(
        records,
        prefix,
        cache_dir=Path(cache),
        show_progress=False,
        platform=None if platform == "-" else Subdir(platform),
    )


if __name__ == "__main__":
    try:
        asyncio.run(_install(*sys.argv[1:]))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)
