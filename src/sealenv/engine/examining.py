"""Examine, inside the engine: which Python distributions conda packages bring."""

from __future__ import annotations

from pathlib import Path

from sealenv.engine.messages import Examine, Examined
from sealenv.errors import CacheDamagedError
from sealenv.store.archives import Store
from sealenv.store.distributions import Distribution, read_distributions

__all__ = ["examine"]


async def examine(request: Examine) -> Examined:
    """Read the metadata from the archives, which `fetch` has brought.

    Raises:
        CacheDamagedError: one is not there.
        LinkError: one cannot be read.
    """
    store = Store(Path(request.store))
    found: list[Distribution] = []
    for package in request.packages:
        manifest = store.manifest(package)
        if manifest is None or not store.has(package):
            raise CacheDamagedError(
                f"{package.fn} is no longer in the cache",
                where=str(store.path(package)),
                hint="run the same command again",
            )
        found += await read_distributions(package, manifest, store.path(package))
    return Examined(distributions=found)
