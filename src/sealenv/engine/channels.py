"""Read the indexes of channels, with clear errors, and index channel folders."""

from __future__ import annotations

import difflib
import os
import re
import shutil
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from rattler import Channel, Gateway, Subdir
from rattler.index import index_fs
from rattler.repo_data.gateway import SourceConfig

from sealenv.engine.link import disk_problem
from sealenv.engine.messages import Access, Index, LookUp
from sealenv.engine.network import StalledError, make_client, make_config, watch
from sealenv.engine.records import from_record
from sealenv.errors import ChannelError, EngineError, OfflineError, SealenvError, SolveError
from sealenv.locks import LockedPackage
from sealenv.locks.checks import split_dist
from sealenv.store.archives import Store
from sealenv.store.channel import SCRATCH
from sealenv.urls import redact

__all__ = ["ask", "index", "look_up"]

T = TypeVar("T")
_ATTEMPTS = 2
_SHOWN_VERSIONS = 8
_NO_INDEX = re.compile(
    r"Unknown frame descriptor|bz2 header missing|expected value at line 1 column 1\b"
)
"""What decoders report for a web page instead of an index."""


async def ask(
    channels: Sequence[Channel],
    platforms: Sequence[str],
    access: Access,
    work: Callable[[Gateway], Coroutine[Any, Any, T]],
    note: str = "",
    virtual: Mapping[str, str] = {},
) -> T:
    """Run `work` with a gateway to the channels; try again once if a server stalls.

    Args:
        channels: the channels that are read.
        platforms: the subdirs that are read.
        access: the store and the network.
        work: what to do with the gateway.
        note: added to the hint if no packages satisfy the specs.
        virtual: the virtual packages and their versions.

    Raises:
        ChannelError, OfflineError: a channel cannot be read.
        SolveError: no packages satisfy the specs.
    """
    where = ", ".join(redact(c.base_url.rstrip("/")) for c in channels)
    config = make_config(access.secrets)
    cache = Store(Path(access.store)).repodata
    cache.mkdir(parents=True, exist_ok=True)
    settings = SourceConfig(
        # Plain file servers answer 304 without validators, so their shard index can be stale.
        sharded_enabled=all(c.base_url.startswith("https:") for c in channels),
        cache_action="force-cache-only" if access.offline else "cache-or-fetch",
    )
    for _ in range(_ATTEMPTS):
        client = make_client(config, access.secrets)
        gateway = Gateway(cache_dir=cache, client=client, default_config=settings)
        try:
            return await watch(work(gateway), lambda: _activity(cache), access.timeout)
        except StalledError:
            continue  # a stalled gateway cannot be used again
        except SealenvError:
            raise
        except Exception as error:
            text, kind = redact(str(error)).strip(), type(error).__name__
            if kind == "SolverError":
                near = await _near_names(text, gateway, channels, platforms)
                near += _of_the_machine(text, str(platforms[0]), virtual)
                raise _unsolvable(text, near, where, note) from error
            if kind in {"GatewayError", "FetchRepoDataError", "OSError"}:
                raise _unreadable(text, where, offline=access.offline) from error
            raise SolveError(
                f"the solver failed: {text or kind}", where=where, hint="please report this"
            ) from error
    raise ChannelError(
        f"a channel sent nothing for {access.timeout:g} seconds, {_ATTEMPTS} attempts",
        where=where,
        hint="try again, or give it longer: SEALENV_TIMEOUT=120",
    )


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


def _unsolvable(text: str, near: Sequence[str], where: str, note: str) -> SolveError:
    lines = text.split("Cannot solve the request because of: ", 1)[-1].splitlines()
    if near:
        lines = [line for line in lines if not line.startswith("No candidates were found for ")]
    hint = "relax a version, or add a channel with -c"
    if any(" is in no channel" in line for line in near):
        hint = "check the spelling, or add a channel with -c"
    elif any(" is a property of the machine" in line for line in near):
        hint = "relax it, or solve for another machine: --virtual-package NAME=VERSION"
    return SolveError(
        "no set of packages satisfies the request",
        where=where,
        details=[*(line for line in lines if line.strip()), *near],
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
    strange = _NO_INDEX.search(text)
    if strange:
        return ChannelError(
            "a server sent something other than a channel's index",
            where=where,
            details=text.splitlines(),
            hint="it may be the login page of a network: log in with a browser, then run the same "
            "command again; or check the channel's URL",
        )
    return ChannelError(
        "the channel does not exist" if missing else "a channel could not be read",
        where=where,
        details=text.splitlines(),
        hint="check the channel's name or URL"
        if missing
        else "check the network, proxy and credentials, then run the same command again; "
        "`sealenv demo` shows the tour without a network",
    )


async def _near_names(
    text: str, gateway: Gateway, channels: Sequence[Channel], platforms: Sequence[Any]
) -> list[str]:
    """Describe each missing package: its versions, or similar names."""
    missing = re.findall(r"No candidates were found for (?!__)([A-Za-z0-9_.-]+)", text)
    if not missing:
        return []
    try:
        names = [n.normalized for n in await gateway.names([*channels], [*platforms])]
    except Exception:
        return []
    result = []
    for name in dict.fromkeys(missing):
        if name in names:
            found = await gateway.query([*channels], [*platforms], [name], recursive=False)
            versions = sorted({r.version for records in found for r in records}, reverse=True)
            newest = ", ".join(map(str, versions[:_SHOWN_VERSIONS]))
            result.append(f"no version of {name} fits; available: {newest or 'none'}")
        else:
            near = difflib.get_close_matches(name, names, n=4, cutoff=0.8)
            similar = f"; near names: {', '.join(near)}" if near else ""
            result.append(f"{name} is in no channel for {platforms[0]}{similar}")
    return result


def _of_the_machine(text: str, platform: str, virtual: Mapping[str, str]) -> list[str]:
    """Describe each virtual package in an error: no channel has it."""
    machine = "this machine" if platform == str(Subdir.current()) else f"a machine for {platform}"
    return [
        f"{name} is a property of the machine, not a package: {machine} has {virtual.get(name, 'none')}"
        for name in dict.fromkeys(re.findall(r"(?<![\w-])__[a-z0-9_]+", text))
    ]


async def look_up(request: LookUp, emit: object) -> dict[str, LockedPackage]:
    """Return the records of files by URL, from their channels' indexes.

    Raises:
        ChannelError: a channel does not exist or does not answer.
        DigestError: a record without sha256.
    """
    found: dict[str, LockedPackage] = {}
    for url, files in request.files.items():
        sources = [Channel(url)]
        platforms: list[Any] = sorted({f.partition("/")[0] for f in files})
        names = sorted({dist[0] for f in files if (dist := split_dist(f.partition("/")[2]))})

        async def query(
            gateway: Gateway, sources: Any = sources, platforms: Any = platforms, names: Any = names
        ) -> list[Any]:
            return await gateway.query(sources, platforms, names, recursive=False)

        for records in await ask(sources, platforms, request.access, query):
            for record in records:
                place = f"{record.subdir}/{record.file_name}"
                if place in files:
                    found[url + place] = from_record(record)
    return found


async def index(request: Index, emit: object) -> None:
    """Write repodata.json, repodata.json.zst and shards of some subdirs, and of noarch.

    py-rattler writes to a folder beside and renames, so readers never see half a file. It leaves
    that folder behind.

    Raises:
        EngineError: py-rattler's reason.
        FilesystemError: the disk is full, or read-only.
    """
    channel = Path(request.channel)
    scratch = channel / SCRATCH
    before = scratch.exists()
    try:
        for subdir in request.subdirs:
            await index_fs(channel, target_platform=Subdir(subdir))
    except Exception as error:  # RustPanic for an invalid archive
        if problem := disk_problem(str(error), str(channel)):
            raise problem from error
        raise EngineError(
            f"the channel folder could not be indexed: {error}",
            where=str(channel),
            hint="look for a damaged archive in it; the previous index was kept",
        ) from error
    finally:
        if not before:
            shutil.rmtree(scratch, ignore_errors=True)
