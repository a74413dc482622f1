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

import msgspec
from rattler.networking import Client
from rattler.package_streaming import download_to_writer

from sealenv.engine.messages import Access, Failed, Progress, failure
from sealenv.engine.network import StalledError, make_client, watch
from sealenv.errors import DigestError, FetchError, OfflineError, SealenvError
from sealenv.locks import Lock, LockedWheel
from sealenv.store.archives import MANIFEST, Archive, Store
from sealenv.store.inspect_package import check_identity, inspect
from sealenv.system.files import write_atomic
from sealenv.urls import redact

_AT_ONCE = 8
_ATTEMPTS = 3
_BACKOFF_SECONDS = 0.5
_FINAL_STATUS = ("(400", "(401", "(403", "(404", "(410", "(451")


async def fetch(
    lock: Lock, access: Access, emit: Callable[[Any], None], partly: bool = False
) -> dict[str, Failed]:
    """Bring every archive and wheel of the lock into the store, verified.

    Returns:
        With `partly`, sha256 -> the failure; otherwise the first failure is raised.

    Raises:
        OfflineError: something is missing and the network must not be used.
        DigestError: no digest, or bytes that do not match it.
        FetchError: the channel does not deliver it.
        LinkError: an archive is damaged, hostile, or another package than its record says.
    """
    store = Store(Path(access.store))
    missing = [a for a in lock.archives if not store.has(a)]
    remote = [a for a in missing if access.offline and not a.url.startswith("file:")]
    absent = OfflineError(
        f"{len(remote)} of {len(lock.archives)} archives are not in the cache",
        where=str(store.archives),
        details=[p.fn for p in remote[:20]],
        hint="run the same command once without --offline",
    )
    if remote and not partly:
        raise absent
    failed: dict[str, SealenvError] = {a.sha256: absent for a in remote}
    present = [a for a in lock.archives if a.sha256 not in failed]
    wanted = [a for a in present if not store.has(a) or store.manifest(a) is None]
    if wanted:
        failed |= await Downloads(access, emit, missing).run(wanted, partly=partly)
    for archive in present:
        manifest = None if archive.sha256 in failed else store.manifest(archive)
        try:
            if manifest is not None:  # it may have been fetched for another record
                check_identity(archive, manifest.identity)
        except SealenvError as error:
            if not partly:
                raise
            failed[archive.sha256] = error
    return {sha256: failure(error) for sha256, error in failed.items()}


class Downloads:
    """The downloads of one request."""

    def __init__(
        self, access: Access, emit: Callable[[Any], None], packages: Sequence[Archive]
    ) -> None:
        self.store = Store(Path(access.store))
        self.client: Client = make_client(access.secrets)
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
                from sealenv.store.inspect_wheel import inspect_wheel

                manifest = await asyncio.to_thread(inspect_wheel, package, path)
            else:
                manifest = await inspect(package, path)
            write_atomic(path.parent / MANIFEST, msgspec.msgpack.encode(manifest))
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
        reason = redact(str(error)) or type(error).__name__
        hint = "check the network, the credentials and the channel, then run the same command again"
        if isinstance(error, StalledError):
            reason = f"the server sent nothing for {self.timeout:g} seconds"
            hint = "try again, or give it longer: SEALENV_TIMEOUT=120"
        elif "(404" in reason or isinstance(error, FileNotFoundError):
            reason = "not found" if isinstance(error, FileNotFoundError) else "not found (404)"
            hint = (
                "its channel or index has withdrawn it or is being updated: try again; if it is "
                "gone, lock again, or take it from a bundle or mirror"
            )
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
