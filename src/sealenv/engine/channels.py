"""Read the indexes of channels, with clear errors, and index channel folders."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rattler import Channel, Gateway, Subdir
from rattler.index import index_fs
from rattler.repo_data.gateway import SourceConfig

from sealenv.engine.link import disk_problem
from sealenv.engine.messages import Access
from sealenv.engine.network import StalledError, make_client, watch
from sealenv.engine.records import from_record
from sealenv.errors import ChannelError, EngineError, OfflineError, SealenvError, SolveError
from sealenv.locks import LockedPackage
from sealenv.locks.checks import split_dist
from sealenv.store.archives import Store
from sealenv.urls import redact

T = TypeVar("T")


async def ask(
    channels: Sequence[Channel],
    access: Access,
    work: Callable[[Gateway], Coroutine[Any, Any, T]],
    note: str = "",
) -> T:
    """Run `work` with a gateway to the channels.

    Args:
        channels: the channels that are read.
        access: the store and the network.
        work: what to do with the gateway.
        note: added to the hint if no packages satisfy the specs.

    Raises:
        ChannelError, OfflineError: a channel cannot be read.
        SolveError: no packages satisfy the specs.
    """
    where = ", ".join(redact(c.base_url.rstrip("/")) for c in channels)
    cache = Store(Path(access.store)).repodata
    cache.mkdir(parents=True, exist_ok=True)
    settings = SourceConfig(
        # Plain file servers answer 304 without validators, so their shard index can be stale.
        sharded_enabled=all(c.base_url.startswith("https:") for c in channels),
        cache_action="force-cache-only" if access.offline else "cache-or-fetch",
    )
    client = make_client(access.secrets)
    gateway = Gateway(cache_dir=cache, client=client, default_config=settings)
    try:
        return await watch(work(gateway), lambda: _activity(cache), access.timeout)
    except StalledError:
        raise ChannelError(
            f"a channel sent nothing for {access.timeout:g} seconds",
            where=where,
            hint="try again, or give it longer: SEALENV_TIMEOUT=120",
        ) from None
    except SealenvError:
        raise
    except Exception as error:
        text, kind = redact(str(error)).strip(), type(error).__name__
        if kind == "SolverError":
            raise _unsolvable(text, where, note) from error
        if kind in {"GatewayError", "FetchRepoDataError", "OSError"}:
            raise _unreadable(text, where, offline=access.offline) from error
        raise SolveError(
            f"the solver failed: {text or kind}", where=where, hint="please report this"
        ) from error


def _activity(folder: Path) -> tuple[int, int]:
    """Return what changes while an index arrives (bytes on disk) or the solver works (CPU time)."""
    size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                size += entry.stat(follow_symlinks=False).st_size
    except OSError:
        pass
    return size, int(time.process_time() * 2)


def _unsolvable(text: str, where: str, note: str) -> SolveError:
    lines = text.split("Cannot solve the request because of: ", 1)[-1].splitlines()
    hint = "check the spelling, relax a version, or add a channel with -c"
    if any(word.startswith("__") for word in text.split()):
        hint = (
            "a name with __ is a property of this machine: relax it, or solve for another machine "
            "with --virtual-package NAME=VERSION"
        )
    return SolveError(
        "no set of packages satisfies the request",
        where=where,
        details=[line for line in lines if line.strip()],
        hint=f"{hint}{note}",
    )


def _unreadable(text: str, where: str, *, offline: bool) -> ChannelError | OfflineError:
    if offline:
        return OfflineError(
            "the channel's index is not in the cache",
            where=where,
            details=text.splitlines()[:1],
            hint="run the same command once without --offline",
        )
    missing = "could not find subdir" in text
    return ChannelError(
        "the channel does not exist" if missing else "a channel could not be read",
        where=where,
        details=text.splitlines(),
        hint="check the channel's name or URL"
        if missing
        else "check the network, its login page, the proxy and credentials, then run the same command "
        "again; `sealenv demo` shows the tour without a network",
    )


async def look_up(files: dict[str, list[str]], access: Access) -> dict[str, LockedPackage]:
    """Return the records of files from their channels' indexes.

    Args:
        files: channel -> `subdir/file name`.
        access: the store and the network.

    Returns:
        The records by URL.

    Raises:
        ChannelError: a channel does not exist or does not answer.
        DigestError: a record without sha256.
    """
    found: dict[str, LockedPackage] = {}
    for url, names in files.items():
        sources = [Channel(url)]
        platforms: list[Any] = sorted({f.partition("/")[0] for f in names})
        wanted = sorted({dist[0] for f in names if (dist := split_dist(f.partition("/")[2]))})

        async def query(
            gateway: Gateway,
            sources: Any = sources,
            platforms: Any = platforms,
            wanted: Any = wanted,
        ) -> list[Any]:
            return await gateway.query(sources, platforms, wanted, recursive=False)

        for records in await ask(sources, access, query):
            for record in records:
                place = f"{record.subdir}/{record.file_name}"
                if place in names:
                    found[url + place] = from_record(record)
    return found


async def index(channel: str, subdirs: list[str]) -> None:
    """Write repodata.json, repodata.json.zst and shards (CEP 16) of some subdirs, and of noarch.

    py-rattler writes to a folder beside and renames, so readers never see half a file. It leaves
    that folder behind.

    Raises:
        EngineError: py-rattler's reason.
        FilesystemError: the disk is full, or read-only.
    """
    try:
        for subdir in subdirs:
            await index_fs(Path(channel), target_platform=Subdir(subdir))
    except Exception as error:  # RustPanic for an invalid archive
        if problem := disk_problem(str(error), channel):
            raise problem from error
        raise EngineError(
            f"the channel folder could not be indexed: {error}",
            where=channel,
            hint="look for a damaged archive in it; the previous index was kept",
        ) from error
    finally:
        shutil.rmtree(Path(channel, ".tmp"), ignore_errors=True)
