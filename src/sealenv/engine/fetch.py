"""Fetch archives into the store, hashed while they arrive."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler.networking import Client
from rattler.package_streaming import download_to_writer

from sealenv.engine.messages import Access, Examine, Failed, Fetch, Progress, failure
from sealenv.engine.network import StalledError, make_client, make_config, watch
from sealenv.errors import (
    CacheDamagedError,
    DigestError,
    FetchError,
    OfflineError,
    SealenvError,
)
from sealenv.locks import LockedWheel
from sealenv.store.archives import MANIFEST, Archive, Store
from sealenv.store.distributions import Distribution, read_distributions
from sealenv.store.inspection import inspect
from sealenv.store.manifest import check_identity, save
from sealenv.urls import redact

__all__ = ["examine", "fetch"]

_AT_ONCE = 8
_ATTEMPTS = 3
_BACKOFF_SECONDS = 0.5
_FINAL_STATUS = ("(400", "(401", "(403", "(404", "(410", "(451")
_ONCE_ONLINE = "run the same command once without --offline"


async def fetch(request: Fetch, emit: Callable[[Any], None]) -> dict[str, Failed]:
    """Fetch the missing archives; with `partly`, return the failures by sha256 instead of raising.

    Raises:
        OfflineError: something is missing and the network must not be used.
        DigestError: no digest, or bytes that do not match it.
        FetchError: the channel does not deliver it.
        LinkError: an archive is damaged, hostile, or another package than its record says.
    """
    store = Store(Path(request.access.store))
    wanted = request.lock.archives
    failed: dict[str, SealenvError] = {}
    missing = [a for a in wanted if not store.has(a)]
    if request.access.offline:
        remote = [a for a in missing if not a.url.startswith("file:")]
        if remote and not request.partly:
            raise OfflineError(
                f"{len(remote)} of {len(wanted)} archives are not in the cache",
                where=str(store.archives),
                details=[p.fn for p in remote[:20]],
                hint=_ONCE_ONLINE,
            )
        failed = {a.sha256: _offline(a.url, a.fn) for a in remote}
        missing = [a for a in missing if a.sha256 not in failed]
    absent = {a.sha256 for a in missing} | failed.keys()
    unread = [a for a in wanted if a.sha256 not in absent and store.manifest(a) is None]
    if missing or unread:
        downloads = Downloads(request.access, emit, missing)
        failed |= await downloads.run([*missing, *unread], partly=request.partly)
    for archive in wanted:
        manifest = None if archive.sha256 in failed else store.manifest(archive)
        try:
            if manifest is not None:  # it may have been fetched for another record
                check_identity(archive, manifest.identity)
        except SealenvError as error:
            if not request.partly:
                raise
            failed[archive.sha256] = error
    return {sha256: failure(error) for sha256, error in failed.items()}


def _offline(url: str, name: str) -> OfflineError:
    return OfflineError(f"{name} is not in the cache", where=url, hint=_ONCE_ONLINE)


async def examine(request: Examine, emit: object) -> list[Distribution]:
    """Read the Python metadata from archives in the store.

    Raises:
        CacheDamagedError: an archive is missing.
        LinkError: an archive cannot be read.
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
    return found


class Downloads:
    """The downloads of one request."""

    def __init__(
        self, access: Access, emit: Callable[[Any], None], packages: Sequence[Archive]
    ) -> None:
        self.store = Store(Path(access.store))
        self.client: Client = make_client(make_config(access.secrets), access.secrets)
        self.timeout = access.timeout
        self.emit = emit
        self.total = sum(p.size or 0 for p in packages)
        self.done = 0

    async def run(self, archives: Sequence[Archive], *, partly: bool) -> dict[str, SealenvError]:
        """Fetch several at once; the first failure cancels the rest unless `partly` is set."""
        gate = asyncio.Semaphore(_AT_ONCE)
        failed: dict[str, SealenvError] = {}

        async def one(archive: Archive) -> None:
            async with gate:
                try:
                    await self.bring(archive)
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

    async def bring(self, package: Archive) -> None:
        """Fetch one archive under its lock, and read its manifest."""
        lock = self.store.fetching(package)
        await asyncio.to_thread(lock.__enter__)
        try:
            if not self.store.has(package):
                await self.fetch(package)
            elif self.store.manifest(package) is not None:  # another process fetched it
                self.advance(package, package.size or 0)
                return
            elif not await asyncio.to_thread(self.store.verify, package):
                await self.fetch(package)
            path = self.store.path(package)
            if isinstance(package, LockedWheel):
                from sealenv.store.wheels import inspect_wheel

                manifest = await asyncio.to_thread(inspect_wheel, package, path)
            else:
                manifest = await inspect(package, path)
            save(path.parent / MANIFEST, manifest)
        finally:
            lock.__exit__(None, None, None)

    async def fetch(self, package: Archive) -> None:
        """Bring the bytes into the store, under its lock; retry transient failures.

        Raises:
            DigestError: the bytes do not match the digest.
            FetchError: the download failed.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            sink = _Sink(self, package)
            try:
                with sink:
                    await self._transfer(package, sink)
                self.store.accept(package, sink.digest.hexdigest(), sink.size)
                return  # accept moved the partial file
            except SealenvError:
                raise
            except (Exception, asyncio.CancelledError) as error:
                self.done -= sink.size
                if isinstance(error, asyncio.CancelledError):
                    raise
                if isinstance(sink.error, OSError):  # the disk, not the network
                    local = sink.error
                    raise OSError(local.errno, local.strerror, str(self.store.root)) from error
                if attempt == _ATTEMPTS or _is_final(error):
                    raise self._failed(package, error, attempt) from error
            finally:
                self.store.partial(package).unlink(missing_ok=True)
            await asyncio.sleep(_BACKOFF_SECONDS * attempt)

    async def _transfer(self, package: Archive, sink: _Sink) -> None:
        if package.url.startswith("file:"):
            await asyncio.to_thread(_copy, package.url, sink)
            return
        download = download_to_writer(self.client, package.url, sink)
        try:
            await watch(download, lambda: sink.size, self.timeout)
        except Exception:
            if sink.error:  # raised in write(), and replaced by the binding's own error
                raise sink.error from None
            raise

    def advance(self, package: Archive, count: int) -> None:
        """Report more bytes."""
        self.done += count
        total = max(self.done, self.total)  # the size of a wheel is not always known
        self.emit(Progress(done=self.done, total=total, unit="bytes", item=package.fn))

    def _failed(self, package: Archive, error: Exception, attempts: int) -> FetchError:
        text = str(error)
        if isinstance(error, StalledError):
            reason = f"the server sent nothing for {self.timeout:g} seconds"
            hint = "try again, or give it longer: SEALENV_TIMEOUT=120"
        elif "(404" in text or isinstance(error, FileNotFoundError):
            reason = "not found" + ("" if package.url.startswith("file:") else " (404)")
            hint = (
                "its channel or index has withdrawn it or is being updated: try again; if it is "
                "gone, lock again, or take it from a bundle or mirror"
            )
        elif "(401" in text or "(403" in text:
            reason = "the server refuses access"
            hint = "check the credentials (rattler auth login, RATTLER_AUTH_FILE, netrc)"
        else:
            reason = redact(text) or type(error).__name__
            hint = "check the network and the channel, then run the same command again"
        tries = f", {attempts} attempts" if attempts > 1 else ""
        return FetchError(
            f"{package.fn} could not be fetched: {reason}{tries}", where=package.url, hint=hint
        )


def _is_final(error: BaseException) -> bool:
    """Return whether a retry would fail the same way."""
    return isinstance(error, FileNotFoundError) or any(s in str(error) for s in _FINAL_STATUS)


class _Sink(io.RawIOBase):
    """Hashes and writes the bytes that arrive; refuses more than the expected size."""

    def __init__(self, downloads: Downloads, package: Archive) -> None:
        self.downloads = downloads
        self.package = package
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None
        self.file = open(downloads.store.partial(package), "wb", buffering=0)  # noqa: SIM115

    def write(self, data: Any) -> int:
        """Take one chunk."""
        try:
            self.digest.update(data)
            rest = memoryview(data)
            while rest:  # on a disk that fills up, a raw write can be partial
                rest = rest[self.file.write(rest) :]
            self.size += len(data)
            self.downloads.advance(self.package, len(data))
            if self.package.size is not None and self.size > self.package.size:
                raise DigestError(
                    f"{self.package.fn} is longer than the expected {self.package.size} bytes",
                    where=self.package.url,
                    hint="it was not used; tell its publisher",
                )
        except Exception as error:
            self.error = error
            raise
        return len(data)

    def close(self) -> None:
        """Close the partial file."""
        self.file.close()
        super().close()


def _copy(url: str, sink: _Sink) -> None:
    with open(url2pathname(urlsplit(url).path), "rb", buffering=0) as source:
        while chunk := source.read(1 << 20):
            sink.write(chunk)
