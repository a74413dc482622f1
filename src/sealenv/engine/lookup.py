"""What channels and archives say of packages that are known by their files alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from sealenv.engine.errors import explain
from sealenv.engine.messages import Complete, Completed, LookedUp, LookUp, Solve
from sealenv.engine.network import StalledError, make_config, watch
from sealenv.engine.records import from_record
from sealenv.engine.solve import activity, make_gateway
from sealenv.errors import ChannelError, LinkError, SealenvError
from sealenv.locks import LockedPackage
from sealenv.locks.checks import split_dist
from sealenv.locks.model import topological
from sealenv.store.archives import Store
from sealenv.store.manifest import check_identity, identity_of

if TYPE_CHECKING:
    from rattler import RepoDataRecord

__all__ = ["complete", "look_up"]


async def look_up(request: LookUp) -> LookedUp:
    """The records of files, from their channels' repodata.

    Raises:
        ChannelError: a channel is not there or does not answer.
        DigestError: a record without sha256.
    """
    Path(request.repodata_dir).mkdir(parents=True, exist_ok=True)
    found: dict[str, LockedPackage] = {}
    for channel, files in request.files.items():
        wanted = set(files)
        for record in await _query(channel, files, request):
            place = f"{record.subdir}/{record.file_name}"
            if place in wanted:
                found[channel + place] = from_record(record)
    return LookedUp(packages=found)


async def _query(channel: str, files: list[str], request: LookUp) -> list[RepoDataRecord]:
    from rattler import Channel

    as_solve = Solve(
        specs=[], channels=[channel], secrets=request.secrets, platform=request.platform,
        repodata_dir=request.repodata_dir, offline=request.offline, timeout=request.timeout,
    )  # fmt: skip
    config = make_config(request.secrets)
    gateway = make_gateway(as_solve, config, channel.startswith("https:"))
    platforms = sorted({f.partition("/")[0] for f in files})
    names = sorted({dist[0] for f in files if (dist := split_dist(f.partition("/")[2]))})
    sources = [Channel(channel)]

    async def ask() -> Any:
        return await gateway.query(sources, platforms, names, recursive=False)  # type: ignore[arg-type]

    try:
        result = await watch(ask(), lambda: activity(request.repodata_dir), request.timeout)
    except StalledError:
        raise ChannelError(
            f"a channel sent nothing for {request.timeout:g} seconds",
            where=channel,
            hint="try again, or give it longer: SEALENV_TIMEOUT=120",
        ) from None
    except Exception as error:
        raise await explain(error, gateway, sources, platforms, as_solve) from error
    return [record for records in result for record in records]


async def complete(request: Complete) -> Completed:
    """Records that were read from a list of files get the rest from the archive's index.json.

    The archives are in the store, verified. Linking needs to know what is noarch, and a prefix record
    what a package depends on.

    Raises:
        LinkError: an archive cannot be read, or is another package than its file name says.
    """
    store = Store(Path(request.store))
    packages = [
        p if "build_number" in p.record else await _completed(p, store.path(p))
        for p in request.lock.packages
    ]
    return Completed(
        lock=msgspec.structs.replace(request.lock, packages=tuple(topological(packages)))
    )


_KEPT = ("arch", "build_number", "constrains", "depends", "features", "license", "license_family",
         "noarch", "platform", "python_site_packages_path", "timestamp", "track_features")  # fmt: skip


async def _completed(package: LockedPackage, archive: Path) -> LockedPackage:
    from rattler.package_streaming import PackageArchive

    try:
        opened = await PackageArchive.from_path(archive)
        info = await opened.read_files(["info/index.json"])
        index = msgspec.json.decode(info["info/index.json"] or b"", type=dict[str, Any])
    except SealenvError:
        raise
    except Exception as error:
        raise LinkError(
            f"the archive of {package.dist} cannot be read: {error}",
            where=package.url,
            hint="the package is damaged in its channel; tell the channel's owner",
        ) from error
    check_identity(package, identity_of(index))
    said = {key: index[key] for key in _KEPT if index.get(key) is not None}
    record = {"depends": [], "build_number": 0, **said, **package.record}
    record |= {"sha256": package.sha256, "size": archive.stat().st_size}
    return msgspec.structs.replace(package, record=record, size=archive.stat().st_size)
