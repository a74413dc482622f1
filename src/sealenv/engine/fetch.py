"""Fetch, inside the engine: every archive into the store, hashed while it arrives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sealenv.engine.download import Downloads
from sealenv.engine.messages import Examine, Examined, Fetch, Fetched, failure
from sealenv.engine.network import make_client, make_config
from sealenv.errors import CacheDamagedError, OfflineError, SealenvError
from sealenv.locks import LockedPackage
from sealenv.store.archives import Archive, Store
from sealenv.store.distributions import Distribution, read_distributions
from sealenv.store.manifest import check_identity

__all__ = ["examine", "fetch", "fetch_file"]


_AT_ONCE = 8


async def fetch(request: Fetch, emit: Callable[[Any], None]) -> Fetched:
    """Bring what is missing into the store.

    Raises (but for what `request.partly` lets the answer tell):
        OfflineError: something is missing and the network is not to be used.
        DigestError: no digest, or bytes that are not what the record promises.
        FetchError: the channel does not give it.
        LinkError: an archive is damaged, hostile, or another package than it was fetched for.
    """
    store = Store(Path(request.store))
    wanted = request.lock.archives
    failed: dict[str, SealenvError] = {}
    missing = [a for a in wanted if not store.has(a)]
    if request.offline:
        remote = [a for a in missing if not a.url.startswith("file:")]
        if remote and not request.partly:
            raise OfflineError(
                f"{len(remote)} of {len(wanted)} archives are not in the cache",
                where=str(store.archives),
                details=[p.fn for p in remote[:20]],
                hint="run the same command once without --offline",
            )
        failed = {a.sha256: _offline(a.url, a.fn) for a in remote}
        missing = [a for a in missing if a.sha256 not in failed]
    absent = {a.sha256 for a in missing} | failed.keys()
    unread = [a for a in wanted if a.sha256 not in absent and store.manifest(a) is None]
    done = 0
    if missing or unread:
        client = make_client(make_config(request.secrets), request.secrets)
        job = Downloads(store, client, request.timeout, emit, missing)
        failed |= await _at_once(job, [*missing, *unread], partly=request.partly)
        done = job.done
    for archive in wanted:
        try:
            if archive.sha256 not in failed:
                _check_identity(store, archive)
        except SealenvError as error:
            if not request.partly:
                raise
            failed[archive.sha256] = error
    return Fetched(
        downloaded=done,
        packages=len(missing),
        failed={sha256: failure(error) for sha256, error in failed.items()},
    )


async def _at_once(
    job: Downloads, archives: Sequence[Archive], *, partly: bool
) -> dict[str, SealenvError]:
    """Fetch some side by side; why one could not be had ends it all, unless it may be partly."""
    gate = asyncio.Semaphore(_AT_ONCE)
    failed: dict[str, SealenvError] = {}

    async def one(archive: Archive) -> None:
        async with gate:
            try:
                await job.run(archive)
            except SealenvError as error:
                if not partly:
                    raise
                failed[archive.sha256] = error

    tasks = [asyncio.ensure_future(one(archive)) for archive in archives]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    return failed


def _check_identity(store: Store, archive: Archive) -> None:
    """Also of what was there: it may have come for the record of another lock or channel."""
    manifest = store.manifest(archive)
    if manifest is not None:
        check_identity(archive, manifest.identity)


async def fetch_file(
    store: Store,
    package: LockedPackage,
    emit: Callable[[Any], None],
    *,
    offline: bool,
    timeout: float,
) -> Path:
    """Bring a single file into the store that is not a package, with the same care.

    Raises:
        OfflineError, DigestError, FetchError: see `fetch`.
    """
    with store.fetching(package):
        if store.has(package) and store.verify(package):
            return store.path(package)
        if offline and not package.url.startswith("file:"):
            raise _offline(package.url)
        client = make_client(make_config({}), {})
        await Downloads(store, client, timeout, emit, [package]).fetch(package)
    return store.path(package)


def _offline(url: str, name: str = "it") -> OfflineError:
    return OfflineError(
        f"{name} is not in the cache", where=url, hint="run the same command once without --offline"
    )


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
