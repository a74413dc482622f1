"""One archive, inside the engine: downloaded or copied into the store, hashed while it arrives."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from sealenv.engine.messages import Progress
from sealenv.engine.network import StalledError, watch
from sealenv.errors import DigestError, FetchError, SealenvError
from sealenv.locks import LockedWheel
from sealenv.store.archives import MANIFEST, Archive, Store
from sealenv.store.inspection import inspect
from sealenv.store.manifest import save
from sealenv.urls import redact

if TYPE_CHECKING:
    from rattler.networking import Client

__all__ = ["Downloads"]

_ATTEMPTS = 3
_BACKOFF_SECONDS = 0.5
_FINAL_STATUS = ("(400", "(401", "(403", "(404", "(410", "(451")


class Downloads:
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
                await self.fetch(package)
            elif self.store.manifest(package) is not None:  # another process was faster
                self._advance(package, package.size or 0)
                return
            elif not await asyncio.to_thread(self.store.verify, package):
                await self.fetch(package)
            await self._read(package)
        finally:
            lock.__exit__(None, None, None)

    async def fetch(self, package: Archive) -> None:
        """Bring the bytes into the store, whose lock for them is held.

        Raises:
            DigestError: they are not what was promised.
            FetchError: they cannot be had.
        """
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
                if attempt == _ATTEMPTS or _is_final(error):
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
            status = "" if package.url.startswith("file:") else " (404)"
            reason = f"it is not there{status}"
            hint = (
                "its channel or index has withdrawn it, or is being updated: try again; where it is "
                "gone for good, lock anew, or take it from a bundle or mirror that has it"
            )
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


def _is_final(error: BaseException) -> bool:
    """Whether it will be the same a moment later."""
    return isinstance(error, FileNotFoundError) or any(s in str(error) for s in _FINAL_STATUS)


class _Sink(io.RawIOBase):
    """Hashes and writes what arrives into the partial file; stops at more than was promised."""

    def __init__(self, job: Downloads, package: Archive) -> None:
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
