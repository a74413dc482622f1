"""Link unpacked packages into the prefix."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import rattler
from rattler import RepoDataRecord
from rattler.package_cache import PackageCache, ValidationMode
from rattler.platform import Subdir

from sealenv.engine.messages import Progress
from sealenv.engine.records import to_record
from sealenv.errors import CacheDamagedError, FilesystemError, LinkError
from sealenv.locks import Lock, LockedPackage
from sealenv.prefix.pending import join
from sealenv.store.archives import METADATA, MODES, Manifest, Store
from sealenv.store.inspect_package import Listing
from sealenv.system.files import write_atomic
from sealenv.system.hashing import hash_file

if TYPE_CHECKING:
    from rattler.install import InstallerReporter

_UNVERIFIED = "unverified"

# ENOENT and ERROR_FILE_NOT_FOUND are 2; Windows has 3 (ERROR_PATH_NOT_FOUND) if the folder is missing.
_NO_SUCH_FILE = re.compile(r"\(os error [23]\)")


async def link(
    lock: Lock,
    prefix: str,
    store_root: str,
    aside: str | None,
    verify_all: bool,
    emit: Callable[[Any], None],
) -> None:
    """Link everything, from unpacked packages that py-rattler validates in full.

    An archive is hashed here exactly when it will be unpacked. The record of an unpacked package gets
    the address of a file that does not exist: if py-rattler finds the unpacked files damaged, it
    cannot unpack unhashed bytes and fails (CacheDamagedError). The caller then fetches what is
    missing and links again with `verify_all`. py-rattler ignores modes: they are compared here, and
    recorded under the lock for unpacking.

    Args:
        lock: the packages.
        prefix: a pending prefix, whose lock this process shares from now on.
        store_root: the root of the store.
        aside: a folder that gets the files instead, as if it were the prefix.
        verify_all: unpack every package again from its hashed archive.
        emit: receives the progress.

    Raises:
        CacheDamagedError: see above; or an archive was damaged in the store, and was removed.
        LinkError: py-rattler's reason.
    """
    if aside is None:
        join(prefix)
    store = Store(Path(store_root))
    packages = lock.packages
    cache = PackageCache.new_layered([store.unpacked], False, ValidationMode.full())
    records = [to_record(p) for p in packages]

    async def unsound() -> list[LockedPackage]:
        """List the packages that must be unpacked."""
        if verify_all:
            return list(packages)
        index = await cache.index()
        pairs = zip(packages, records, strict=True)
        return [p for p, r in pairs if not (index.contains_record(r) and _is_trusted(store, p))]

    with contextlib.ExitStack() as stack:
        fresh = await unsound()
        if fresh:
            held = store.unpacking()
            await asyncio.to_thread(held.__enter__)
            stack.push(held)
            fresh = await unsound()  # another process may have unpacked it
        _prepare(store, packages, records, fresh)
        try:
            await rattler.install(
                records,
                aside or prefix,
                alternative_target_prefix=prefix if aside else None,
                platform=Subdir(lock.platform),
                package_cache=cache,
                installed_packages=[],
                execute_link_scripts=False,
                show_progress=False,
                reporter=cast("InstallerReporter", _Reporter(len(records), emit)),  # duck-typed
            )
        except Exception as error:
            raise _explain(error, prefix, verify_all=verify_all) from error
        for package in fresh:
            await asyncio.to_thread(_check_unpacked, store, package)


def _prepare(
    store: Store,
    packages: Sequence[LockedPackage],
    records: Sequence[RepoDataRecord],
    fresh: Sequence[LockedPackage],
) -> None:
    """Give each record an address: the verified archive if it is `fresh`, else no file at all.

    Raises:
        CacheDamagedError: an archive was damaged in the store, and was removed.
    """
    unpack = {package.sha256 for package in fresh}
    for package, record in zip(packages, records, strict=True):
        path = store.path(package)
        if package.sha256 not in unpack:
            path = path.parent / _UNVERIFIED / path.name
        else:
            shutil.rmtree(store.unpacked / package.dist, ignore_errors=True)
            if not store.verify(package):
                raise CacheDamagedError(
                    f"{package.fn} was damaged in the cache and was removed from it",
                    where=str(path),
                    hint="run the same command again to download it",
                )
        record.url = path.as_uri()


def _is_trusted(store: Store, package: LockedPackage) -> bool:
    """Return whether the unpacked package has its archive's own listing and modes.

    Windows has no modes.
    """
    manifest = store.manifest(package)
    folder = store.unpacked / package.dist
    if manifest is None or not _is_unpacked(manifest, folder):
        return False
    try:
        noted = (store.path(package).parent / MODES).read_bytes() if os.name != "nt" else b""
        return os.name == "nt" or noted == _modes(manifest, folder)
    except OSError:
        return False


def _is_unpacked(manifest: Manifest, folder: Path) -> bool:
    """Return whether an unpacked package has the metadata of its archive, which py-rattler trusts."""
    for name in METADATA:
        try:
            actual = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        except FileNotFoundError:
            actual = None
        except OSError:
            return False
        if actual != manifest.metadata.get(name):
            return False
    return True


def _modes(manifest: Manifest, folder: Path) -> bytes:
    """Return the mode of every path in the order of the manifest; that of a link says nothing."""
    root = os.path.join(folder, "")
    modes = (os.lstat(root + entry.path).st_mode for entry in manifest.paths)
    return b" ".join(b"%o" % stat.S_IMODE(m) if stat.S_ISREG(m) else b"-" for m in modes)


def _check_unpacked(store: Store, package: LockedPackage) -> None:
    """Compare the unpacked files with the package's own paths.json, and record their modes.

    py-rattler compares only files that it finds unpacked: a package with a wrong paths.json would be
    linked now, and reported as damaged next time.

    Raises:
        LinkError: with the first file that differs.
    """
    folder = store.unpacked / package.dist
    listing = (folder / "info" / "paths.json").read_bytes()
    for entry in msgspec.json.decode(listing, type=Listing).paths:
        path = folder / entry.path
        if entry.sha256 is None or entry.path_type != "hardlink" or path.is_symlink():
            continue
        if hash_file(path)[0] != entry.sha256:
            raise LinkError(
                f"{package.dist} is refused: {entry.path!r} does not match the package's own "
                "paths.json",
                where=package.url,
                hint="the package is damaged in its channel; leave it out, or tell the channel's owner",
            )
    manifest = store.manifest(package)
    if manifest is not None and os.name != "nt":
        write_atomic(store.path(package).parent / MODES, _modes(manifest, folder))


class _Reporter:
    """Counts linked packages. py-rattler discards exceptions of callbacks, so these raise none."""

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
        """Report one more package."""
        self.linked += 1
        self.emit(
            Progress(done=self.linked, total=self.total, unit="packages", item=self.names[index])
        )


def _explain(error: Exception, prefix: str, *, verify_all: bool) -> Exception:
    """Return the error for py-rattler's text."""
    text = str(error).strip() or type(error).__name__
    lines = list(dict.fromkeys(line.removeprefix("Caused by: ") for line in text.splitlines()))
    if problem := disk_problem(text, prefix, lines):
        return problem
    if "package cache layer" in text and _NO_SUCH_FILE.search(text) and not verify_all:
        return CacheDamagedError("an unpacked package in the cache is damaged", details=lines)
    if "longer than" in text:
        return LinkError(
            "the path of the environment is too long for a package",
            where=prefix,
            details=lines,
            hint="choose a shorter folder with -p or SEALENV_ENVS",
        )
    return LinkError(
        "the packages could not be linked",
        where=prefix,
        details=lines,
        hint="run the same command again; if it persists: sealenv cache clean --unpacked",
    )


def disk_problem(text: str, where: str, details: Sequence[str] = ()) -> FilesystemError | None:
    """Return the error for a full or read-only disk; None for any other text of py-rattler."""
    if "os error 28" in text or "os error 122" in text or "No space left" in text:
        return FilesystemError(
            "the disk is full",
            where=where,
            details=details,
            hint="make room, then run the same command again",
        )
    if "os error 30" in text or "os error 13" in text:
        return FilesystemError(
            "the folder cannot be written",
            where=where,
            details=details,
            hint="choose a folder that you can write",
        )
    return None
