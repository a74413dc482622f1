"""Link, inside the engine: unpacked packages become files of the prefix."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from sealenv.engines.messages import Link, Linked, Progress
from sealenv.engines.records import to_record
from sealenv.errors import CacheDamagedError, FilesystemError, LinkError
from sealenv.host.hashing import hash_file
from sealenv.lock import LockedPackage
from sealenv.store.archives import Store
from sealenv.store.manifest import Listing, is_unpacked

if TYPE_CHECKING:
    from rattler.install import InstallerReporter

__all__ = ["link"]

_UNVERIFIED = "unverified"


async def link(request: Link, emit: Callable[[Any], None]) -> Linked:
    """Link everything, from unpacked packages that py-rattler validates in full.

    An archive is hashed here exactly when it is going to be unpacked. A package that is unpacked
    already is given the address of a file that does not exist: should py-rattler find the unpacked
    files damaged, it cannot help itself from unhashed bytes, and says so (CacheDamagedError). The
    caller then fetches what is missing and links again with `verify_all`.

    Raises:
        CacheDamagedError: see above; or an archive is damaged in the store, and was removed.
        LinkError: py-rattler's reason in words.
    """
    import rattler
    from rattler.package_cache import PackageCache, ValidationMode
    from rattler.platform import Subdir

    store = Store(Path(request.store))
    packages = request.lock.packages
    cache = PackageCache.new_layered([store.unpacked], False, ValidationMode.full())
    records = [to_record(p) for p in packages]
    index = await cache.index()
    fresh: list[LockedPackage] = []
    for package, record in zip(packages, records, strict=True):
        path = store.path(package)
        there = not request.verify_all and index.contains_record(record)
        if there and _is_trusted(store, package):
            path = path.parent / _UNVERIFIED / path.name
        else:
            if there:
                shutil.rmtree(store.unpacked / package.dist, ignore_errors=True)
            if not store.verify(package):
                raise CacheDamagedError(
                    f"{package.fn} was damaged in the cache and is removed from it",
                    where=str(path),
                    hint="run the same command again: it is fetched anew",
                )
            fresh.append(package)
        record.url = path.as_uri()
    try:
        await rattler.install(
            records,
            request.folder or request.prefix,
            alternative_target_prefix=request.prefix if request.folder else None,
            platform=Subdir(request.lock.platform),
            package_cache=cache,
            installed_packages=[],
            execute_link_scripts=False,
            show_progress=False,
            reporter=cast("InstallerReporter", _Reporter(len(records), emit)),  # duck-typed
        )
    except Exception as error:
        raise _explain(error, request) from error
    for package in fresh:
        await asyncio.to_thread(_check_unpacked, store.unpacked / package.dist, package)
    return Linked(packages=len(records))


def _is_trusted(store: Store, package: LockedPackage) -> bool:
    """Whether the unpacked package has its archive's own listing: py-rattler validates against that."""
    manifest = store.manifest(package)
    return manifest is not None and is_unpacked(manifest, store.unpacked / package.dist)


def _check_unpacked(folder: Path, package: LockedPackage) -> None:
    """Hash what was unpacked just now against the package's own paths.json.

    py-rattler does so only with what was unpacked before: a package whose paths.json lies would be
    linked today, and called damaged tomorrow.

    Raises:
        LinkError: with the first path that is not what the package promises.
    """
    try:
        paths = msgspec.json.decode(
            (folder / "info" / "paths.json").read_bytes(), type=Listing
        ).paths
    except FileNotFoundError:
        return  # a package from before paths.json promises nothing
    for entry in paths:
        path = folder / entry.path
        if entry.sha256 is None or entry.path_type != "hardlink" or path.is_symlink():
            continue
        if hash_file(path)[0] != entry.sha256:
            raise LinkError(
                f"{package.dist} is refused: {entry.path!r} is not what the package's own paths.json "
                "promises",
                where=package.url,
                hint="the package is damaged in its channel; leave it out, or tell the channel's owner",
            )


class _Reporter:
    """Counts linked packages; py-rattler swallows what a callback raises, so these cannot."""

    def __init__(self, total: int, emit: Callable[[Any], None]) -> None:
        self.total = total
        self.emit = emit
        self.names: list[str] = []
        self.linked = 0

    def on_link_start(self, operation: int, package_name: str) -> int:
        """Remember the package of an operation."""
        self.names.append(package_name)
        return len(self.names) - 1

    def on_link_complete(self, index: int) -> None:
        """Tell that one more is there."""
        self.linked += 1
        self.emit(
            Progress(phase="link", done=self.linked, total=self.total, item=self.names[index])
        )


def _explain(error: Exception, request: Link) -> Exception:
    """An error of ours for what py-rattler says in a string."""
    text = str(error).strip() or type(error).__name__
    lines = list(dict.fromkeys(line.removeprefix("Caused by: ") for line in text.splitlines()))
    if "os error 28" in text or "os error 122" in text:
        return FilesystemError(
            "the disk is full",
            where=request.prefix,
            details=lines,
            hint="make room, then run the same command again",
        )
    if "os error 30" in text or "os error 13" in text:
        return FilesystemError(
            "the file system refuses to be written",
            where=request.prefix,
            details=lines,
            hint="choose a folder that you may write",
        )
    if "package cache layer" in text and "os error 2" in text and not request.verify_all:
        return CacheDamagedError("an unpacked package in the cache is damaged", details=lines)
    if "longer than" in text:
        return LinkError(
            "the path of the environment is too long for a package",
            where=request.prefix,
            details=lines,
            hint="choose a shorter folder with -p or SEALENV_ENVS",
        )
    return LinkError(
        "the packages could not be linked",
        where=request.prefix,
        details=lines,
        hint="run the same command again; if it persists: sealenv cache clean --unpacked",
    )
