"""Bring a micromamba into the store, inside the engine: checked, executable, known to run here.

It lies where archives lie: `archives/<sha256>/micromamba`, beside it the version that it gave when it
came in. A file of this machine is copied there too, so that what is run is what was checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sealenv.engine.fetching import fetch_file
from sealenv.engine.messages import Executable, Obtain, Obtained
from sealenv.engine.probing import OTHER, version_of
from sealenv.engine.releases import check_version
from sealenv.errors import CacheDamagedError, DigestError, EngineError, FetchError
from sealenv.layout import is_windows
from sealenv.locks import LockedPackage
from sealenv.spec.model import current_platform
from sealenv.store.archives import Store
from sealenv.system.filelock import FileLock
from sealenv.system.files import write_atomic
from sealenv.system.hashing import hash_file
from sealenv.urls import redact

__all__ = ["obtain"]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOTE = "executable"


async def obtain(request: Obtain, emit: Callable[[Any], None]) -> Obtained:
    """The executable in the store.

    Raises:
        DigestError: it is not what was promised.
        EngineError: it does not run here, is no micromamba, or is one that cannot be used.
        FetchError: it cannot be had.
    """
    store = Store(Path(request.store))
    name = "micromamba.exe" if is_windows(request.platform) else "micromamba"
    if request.package is not None:
        origin = f"{request.package.url}#{request.package.sha256}"
        path = await _from_package(store, request.package, request.platform, name)
    elif request.url is not None:
        origin = redact(request.url)
        path = await _from_release(store, request, name, emit)
    else:
        origin = str(request.path)
        path = _from_file(store, origin, request.sha256, name)
    sha256 = path.parent.name
    if request.platform == current_platform():
        version = version_of(path)
    else:  # it is for another machine, and is not started here
        version = request.package.version if request.package else ""
    if version:
        check_version(version)
    return Obtained(
        executable=Executable(path=str(path), sha256=sha256, version=version, origin=origin)
    )


async def _from_package(store: Store, package: LockedPackage, platform: str, name: str) -> Path:
    from rattler.package_streaming import PackageArchive

    archive = store.path(package)
    note = archive.parent / _NOTE
    known = _read_note(note)
    if known and _is_there(store, known, name):
        return store.archives / known / name
    if not store.verify(package):
        raise CacheDamagedError(
            f"{package.fn} was damaged in the cache and is removed from it",
            where=str(archive),
            hint="run the same command again: it is fetched anew",
        )
    member = f"Library/bin/{name}" if is_windows(platform) else f"bin/{name}"
    data = await (await PackageArchive.from_path(archive)).read_file(member)
    if data is None:
        raise EngineError(f"{package.dist} holds no {member}", where=package.url, hint=OTHER)
    path = _take(store, data, name)
    write_atomic(note, path.parent.name.encode())
    return path


async def _from_release(
    store: Store, request: Obtain, name: str, emit: Callable[[Any], None]
) -> Path:
    assert request.url is not None
    package = LockedPackage(
        url=request.url, channel="", fn=name, sha256=request.sha256 or "", size=None, record={}
    )
    try:
        path = await fetch_file(
            store, package, emit, offline=request.offline, timeout=request.timeout,
            config_files=request.config_files,
        )  # fmt: skip
    except DigestError as error:
        raise DigestError(
            "checksum mismatch: the downloaded micromamba is not the expected file",
            where=error.where,
            details=error.details,
            hint="nothing of it was used; compare the digest that you gave, or try again",
        ) from error
    path.chmod(0o755)
    return path


def _from_file(store: Store, text: str, sha256: str | None, name: str) -> Path:
    try:
        data = Path(text).read_bytes()
    except OSError as error:
        raise FetchError(
            f"micromamba cannot be read: {error.strerror}", where=text, hint="give its own path"
        ) from error
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256:
        raise DigestError(
            "checksum mismatch: this micromamba is not the expected file",
            where=text,
            details=[f"sha256 promised {sha256}", f"sha256 found {found}"],
            hint="it was not started",
        )
    return _take(store, data, name)


def _take(store: Store, data: bytes, name: str) -> Path:
    """Put an executable under its digest."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = store.archives / sha256 / name
    with FileLock(store.locks / sha256).waiting():
        if not _is_there(store, sha256, name):
            path.parent.mkdir(exist_ok=True)
            write_atomic(path, data, mode=0o755)
        path.chmod(0o755)  # whatever the umask
    return path


def _is_there(store: Store, sha256: str, name: str) -> bool:
    try:
        return hash_file(store.archives / sha256 / name)[0] == sha256
    except OSError:
        return False


def _read_note(note: Path) -> str | None:
    try:
        text = note.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return None
    return text if _SHA256.fullmatch(text) else None
