"""Link, inside the engine: unpacked packages become files of the prefix."""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec

from sealenv.engine.errors import disk_problem
from sealenv.engine.messages import Link, Linked, Progress
from sealenv.engine.records import to_record
from sealenv.errors import CacheDamagedError, LinkError
from sealenv.locks import LockedPackage
from sealenv.store.archives import Store
from sealenv.store.manifest import ListedPath, Listing, has_its_modes, is_unpacked, note_modes
from sealenv.system.hashing import hash_file

if TYPE_CHECKING:
    from rattler import RepoDataRecord
    from rattler.install import InstallerReporter

__all__ = ["link"]

_UNVERIFIED = "unverified"

# ENOENT and ERROR_FILE_NOT_FOUND are 2; Windows says 3 (ERROR_PATH_NOT_FOUND) where the folder is
# missing too, as `_UNVERIFIED` is.
_NO_SUCH_FILE = re.compile(r"\(os error [23]\)")


async def link(request: Link, emit: Callable[[Any], None]) -> Linked:
    """Link everything, from unpacked packages that py-rattler validates in full.

    An archive is hashed here exactly when it is going to be unpacked. A package that is unpacked
    already is given the address of a file that does not exist: should py-rattler find the unpacked
    files damaged, it cannot help itself from unhashed bytes, and says so (CacheDamagedError). The
    caller then fetches what is missing and links again with `verify_all`. Modes py-rattler does not
    look at: they are compared here, and noted while nobody else unpacks.

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

    async def unsound() -> list[LockedPackage]:
        """What has to be unpacked."""
        if request.verify_all:
            return list(packages)
        index = await cache.index()
        pairs = zip(packages, records, strict=True)
        return [p for p, r in pairs if not (index.contains_record(r) and _is_trusted(store, p))]

    with contextlib.ExitStack() as stack:
        fresh = await unsound()
        if fresh:
            lock = store.unpacking()
            await asyncio.to_thread(lock.__enter__)
            stack.push(lock)
            fresh = await unsound()  # another process may have unpacked it meanwhile
        _prepare(store, packages, records, fresh)
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
            await asyncio.to_thread(_check_unpacked, store, package)
    return Linked(packages=len(records))


def _prepare(
    store: Store,
    packages: Sequence[LockedPackage],
    records: Sequence[RepoDataRecord],
    fresh: Sequence[LockedPackage],
) -> None:
    """Give each record the address that py-rattler may unpack it from: what is not `fresh`, none.

    Raises:
        CacheDamagedError: an archive is damaged in the store, and was removed.
    """
    again = {package.sha256 for package in fresh}
    for package, record in zip(packages, records, strict=True):
        path = store.path(package)
        if package.sha256 not in again:
            path = path.parent / _UNVERIFIED / path.name
        else:
            shutil.rmtree(store.unpacked / package.dist, ignore_errors=True)
            if not store.verify(package):
                raise CacheDamagedError(
                    f"{package.fn} was damaged in the cache and is removed from it",
                    where=str(path),
                    hint="run the same command again: it is fetched anew",
                )
        record.url = path.as_uri()


def _is_trusted(store: Store, package: LockedPackage) -> bool:
    """Whether the unpacked package has its archive's own listing and modes.

    py-rattler validates against the listing that it finds, and looks at no mode.
    """
    manifest = store.manifest(package)
    folder = store.unpacked / package.dist
    return (
        manifest is not None
        and is_unpacked(manifest, folder)
        and has_its_modes(store.path(package).parent, manifest, folder)
    )


def _check_unpacked(store: Store, package: LockedPackage) -> None:
    """Hash what was unpacked just now against the package's own paths.json, and note its modes.

    py-rattler does so only with what was unpacked before: a package whose paths.json lies would be
    linked today, and called damaged tomorrow.

    Raises:
        LinkError: with the first path that is not what the package promises.
    """
    folder = store.unpacked / package.dist
    for entry in _listed(folder):
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
    manifest = store.manifest(package)
    if manifest is not None:
        note_modes(store.path(package).parent, manifest, folder)


def _listed(folder: Path) -> list[ListedPath]:
    try:
        listing = (folder / "info" / "paths.json").read_bytes()
    except FileNotFoundError:
        return []  # a package from before paths.json promises nothing
    return msgspec.json.decode(listing, type=Listing).paths


def _listed_folder(text: str, request: Link) -> tuple[str, str] | None:
    """The package and path of what py-rattler did not link because it is a folder (CEP 34)."""
    for package in request.lock.packages if "failed to link" in text else ():
        for entry in _listed(Path(request.store, "unpacked", package.dist)):
            if entry.path_type == "directory" and f"failed to link '{entry.path}'" in text:
                return package.dist, entry.path
    return None


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
    if problem := disk_problem(text, request.prefix, lines):
        return problem
    if "package cache layer" in text and _NO_SUCH_FILE.search(text) and not request.verify_all:
        return CacheDamagedError("an unpacked package in the cache is damaged", details=lines)
    if folder := _listed_folder(text, request):
        return LinkError(
            f"{folder[0]} lists the folder {folder[1]!r} by itself, which py-rattler cannot link",
            where=request.prefix,
            details=lines,
            hint="leave it out, or another build; who builds it can put a file into the folder",
        )
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
