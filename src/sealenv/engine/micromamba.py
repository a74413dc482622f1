"""Take micromamba out of its package, into the store: `archives/<sha256>/micromamba`."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rattler.package_streaming import PackageArchive

from sealenv.engine.messages import Obtain
from sealenv.errors import CacheDamagedError, EngineError
from sealenv.layout import is_windows
from sealenv.store.archives import Store
from sealenv.system.filelock import FileLock
from sealenv.system.files import write_atomic

__all__ = ["obtain"]


async def obtain(request: Obtain, emit: object) -> str:
    """Return the path of the executable in the store.

    Raises:
        CacheDamagedError: the archive in the cache was damaged.
        EngineError: the package does not contain it.
    """
    store, package = Store(Path(request.store)), request.package
    if not store.verify(package):
        raise CacheDamagedError(
            f"{package.fn} was damaged in the cache and was removed from it",
            where=str(store.path(package)),
            hint="run the same command again to download it",
        )
    windows = is_windows(request.platform)
    member = "Library/bin/micromamba.exe" if windows else "bin/micromamba"
    archive = await PackageArchive.from_path(store.path(package))
    data = await archive.read_file(member)
    if data is None:
        raise EngineError(
            f"{package.dist} does not contain {member}",
            where=package.url,
            hint="give another one with --micromamba",
        )
    sha256 = hashlib.sha256(data).hexdigest()
    path = store.archives / sha256 / Path(member).name
    with FileLock(store.locks / sha256).waiting():
        path.parent.mkdir(exist_ok=True)
        write_atomic(path, data, mode=0o755)
    return str(path)
