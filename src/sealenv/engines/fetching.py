"""Fetch, inside the engine: every archive into the store, hashed while it arrives."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sealenv.engines.client import make_client, make_config
from sealenv.engines.messages import Fetch, Fetched, Progress
from sealenv.engines.stall import StalledError, watch
from sealenv.errors import DigestError, FetchError, OfflineError, SealenvError
from sealenv.locks import LockedPackage, LockedWheel
from sealenv.store.archives import MANIFEST, Archive, Store
from sealenv.store.identity import check_identity
from sealenv.store.inspection import inspect
from sealenv.store.manifest import save
from sealenv.urls import redact

if TYPE_CHECKING:
    from rattler.networking import Client

__all__ = ["fetch", "fetch_file", "fetch_text"]

_AT_ONCE = 8
_ATTEMPTS = 3
_BACKOFF_SECONDS = 0.5
_FINAL_STATUS = ("(400", "(401", "(403", "(404", "(410", "(451")


async def fetch(request: Fetch, emit: Callable[[Any], None]) -> Fetched:
    """Bring what is missing into the store.

    Raises:
        OfflineError: something is missing and the network is not to be used.
        DigestError: no digest, or bytes that are not what the record promises.
        FetchError: the channel does not give it.
        LinkError: an archive is damaged, hostile, or another package than it was fetched for.
    """
    store = Store(Path(request.store))
    wanted = request.lock.archives
    missing = [a for a in wanted if not store.has(a)]
    remote = [a for a in missing if not a.url.startswith("file:")]
    if request.offline and remote:
        raise OfflineError(
            f"{len(remote)} of {len(wanted)} archives are not in the cache",
            where=str(store.archives),
            details=[p.fn for p in remote[:20]],
            hint="run the same command once without --offline",
        )
    absent = {a.sha256 for a in missing}
    unread = [a for a in wanted if a.sha256 not in absent and store.manifest(a) is None]
    if not missing and not unread:
        _check_identities(store, wanted)
        return Fetched(downloaded=0, packages=0)
    client = make_client(
        make_config(request.secrets, config_files=request.config_files), request.secrets
    )
    job = _Job(store, client, request.timeout, emit, missing)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(package: Archive) -> None:
        async with gate:
            await job.run(package)

    tasks = [asyncio.ensure_future(one(p)) for p in [*missing, *unread]]
    try:
        await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    _check_identities(store, wanted)
    return Fetched(downloaded=job.done, packages=len(missing))


def _check_identities(store: Store, archives: Sequence[Archive]) -> None:
    """Also of what was there: it may have come for the record of another lock or channel."""
    for archive in archives:
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
    config_files: bool,
) -> Path:
    """Bring a single file into the store that is no package, with the same care.

    Raises:
        OfflineError, DigestError, FetchError: see `fetch`.
    """
    with store.fetching(package):
        if store.has(package) and store.verify(package):
            return store.path(package)
        if offline and not package.url.startswith("file:"):
            raise _offline(package.url)
        client = make_client(make_config({}, config_files=config_files), {})
        await _Job(store, client, timeout, emit, [package])._attempts(package)
    return store.path(package)


async def fetch_text(url: str, *, offline: bool, timeout: float, config_files: bool) -> str:
    """A small text, such as a published digest; nothing of it is kept here.

    Raises:
        OfflineError: it would need the network.
        FetchError: it cannot be had.
    """
    from rattler.package_streaming import download_bytes

    try:
        if url.startswith("file:"):
            return Path(url2pathname(urlsplit(url).path)).read_text(encoding="ascii")
        if offline:
            raise _offline(url)
        client = make_client(make_config({}, config_files=config_files), {})
        data = await asyncio.wait_for(download_bytes(client, url), timeout)
        return bytes(data).decode("ascii", "replace")
    except SealenvError:
        raise
    except Exception as error:
        raise FetchError(
            f"it could not be fetched: {redact(str(error)) or type(error).__name__}",
            where=url,
            hint="check the version and the network, then run the same command again",
        ) from error


def _offline(url: str) -> OfflineError:
    return OfflineError(
        "it is not in the cache", where=url, hint="run the same command once without --offline"
    )


class _Job:
    """The state that the downloads of one request share."""

    def __init__(
        self,
        store: Store,
        client: Client,
        timeout: float,
        emit: Callable[[Any], None],
        packages: Sequence[Archive],
    ) -> None:
        self.store = store
        self.client = client
        self.timeout = timeout
        self.emit = emit
        self.total = sum(p.size or 0 for p in packages)
        self.done = 0

    async def run(self, package: Archive) -> None:
        """Fetch one archive, under its lock, with retries for what may pass."""
        lock = self.store.fetching(package)
        await asyncio.to_thread(lock.__enter__)
        try:
            if not self.store.has(package):
                await self._attempts(package)
            elif self.store.manifest(package) is not None:  # another process was faster
                self._advance(package, package.size or 0)
                return
            elif not await asyncio.to_thread(self.store.verify, package):
                await self._attempts(package)
            await self._read(package)
        finally:
            lock.__exit__(None, None, None)

    async def _attempts(self, package: Archive) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            sink = _Sink(self, package)
            try:
                with sink:
                    if package.url.startswith("file:"):
                        await asyncio.to_thread(_copy, package.url, sink)
                    else:
                        await watch(self._download(package, sink), sink.progress, self.timeout)
                self.store.accept(package, sink.digest.hexdigest(), sink.size)
                return  # accept moved the partial file away
            except SealenvError:
                raise
            except (Exception, asyncio.CancelledError) as error:
                self.done -= sink.size
                if isinstance(error, asyncio.CancelledError):
                    raise
                if isinstance(
                    sink.error, OSError
                ):  # it could not be written: no use to fetch again
                    local = sink.error
                    raise OSError(local.errno, local.strerror, str(self.store.root)) from error
                if attempt == _ATTEMPTS or any(s in str(error) for s in _FINAL_STATUS):
                    raise self._failed(package, error, attempt) from error
            finally:
                self.store.partial(package).unlink(missing_ok=True)
            await asyncio.sleep(_BACKOFF_SECONDS * attempt)

    async def _read(self, package: Archive) -> None:
        """Read names and link targets from the verified bytes, and refuse a hostile archive."""
        path = self.store.path(package)
        if isinstance(package, LockedWheel):
            from sealenv.store.wheels import inspect_wheel

            manifest = await asyncio.to_thread(inspect_wheel, package, path)
        else:
            manifest = await inspect(package, path)
        save(path.parent / MANIFEST, manifest)

    async def _download(self, package: Archive, sink: _Sink) -> None:
        from rattler.package_streaming import download_to_writer

        try:
            await download_to_writer(self.client, package.url, sink)
        except Exception:
            if sink.error:  # raised in write(), which the binding turns into its own error
                raise sink.error from None
            raise

    def _advance(self, package: Archive, count: int) -> None:
        self.done += count
        total = max(self.done, self.total)  # an index does not always say how long a wheel is
        self.emit(Progress(phase="fetch", done=self.done, total=total, item=package.fn))

    def _failed(self, package: Archive, error: Exception, attempts: int) -> FetchError:
        if isinstance(error, StalledError):
            reason = f"the server sent nothing for {self.timeout:g} seconds"
            hint = "try again, or give it longer: SEALENV_TIMEOUT=120"
        elif "(404" in str(error) or isinstance(error, FileNotFoundError):
            reason = f"{_source(package)} names it, but it is not there (404)"
            hint = "what it names changed or is being updated; try again, or use --exclude-newer"
        elif "(401" in str(error) or "(403" in str(error):
            reason = "the server refuses access"
            hint = "check the credentials (rattler auth login, RATTLER_AUTH_FILE, netrc)"
        else:
            reason = redact(str(error)) or type(error).__name__
            hint = "check the network and the channel, then run the same command again"
        tries = f", {attempts} attempts" if attempts > 1 else ""
        return FetchError(
            f"{package.fn} could not be fetched: {reason}{tries}", where=package.url, hint=hint
        )


class _Sink(io.RawIOBase):
    """Hashes and writes what arrives into the partial file; stops at more than was promised."""

    def __init__(self, job: _Job, package: Archive) -> None:
        self.job = job
        self.package = package
        self.digest = hashlib.sha256()
        self.size = 0
        self.error: Exception | None = None
        self.file = open(job.store.partial(package), "wb", buffering=0)  # noqa: SIM115

    def progress(self) -> int:
        """Bytes so far, for the watch."""
        return self.size

    def write(self, data: Any) -> int:
        """Take one chunk."""
        try:
            self.digest.update(data)
            rest = memoryview(data)
            while rest:  # on a disk that fills up a raw write takes a part, and only the next fails
                rest = rest[self.file.write(rest) :]
            self.size += len(data)
            self.job._advance(self.package, len(data))
            if self.package.size is not None and self.size > self.package.size:
                raise DigestError(
                    f"{self.package.fn} is longer than the {self.package.size} bytes promised",
                    where=self.package.url,
                    hint="nothing of it was used; tell who publishes it",
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
    path = url2pathname(urlsplit(url).path)
    with open(path, "rb", buffering=0) as source:
        while chunk := source.read(1 << 20):
            sink.write(chunk)


def _source(archive: Archive) -> str:
    return "the lock" if isinstance(archive, LockedWheel) else "the channel's index"
