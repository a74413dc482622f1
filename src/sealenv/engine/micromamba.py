"""Bring a micromamba into the store, inside the engine: checked, executable, known to run here.

It lies where archives lie: `archives/<sha256>/micromamba`, beside it the version that it gave when it
came in. A file of this machine is copied there too, so that what is run is what was checked.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sealenv.bootstrap.releases import check_version
from sealenv.engine.fetch import fetch_file
from sealenv.engine.messages import Executable, Obtain, Obtained
from sealenv.errors import CacheDamagedError, DigestError, EngineError, FetchError
from sealenv.gates.whitelist import clean_environ
from sealenv.layout import is_windows
from sealenv.locks import LockedPackage
from sealenv.spec.model import current_platform
from sealenv.store.archives import Store
from sealenv.system.filelock import FileLock
from sealenv.system.files import write_atomic
from sealenv.system.hashing import hash_file
from sealenv.system.processes import clean_home
from sealenv.urls import redact

__all__ = ["OTHER", "obtain", "version_of"]


_SHA256 = re.compile(r"[0-9a-f]{64}")
_NOTE = "executable"


async def obtain(request: Obtain, emit: Callable[[Any], None]) -> Obtained:
    """The executable in the store.

    Raises:
        DigestError: it is not what was promised.
        EngineError: it does not run here, is not a micromamba, or is one that cannot be used.
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
            store, package, emit, offline=request.offline, timeout=request.timeout
        )
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


OTHER = "give another one with --micromamba, or leave it out"
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?[0-9A-Za-z.+-]*")
_NOT_FOR_HERE = frozenset({errno.ENOEXEC, 86})  # 86: EBADARCH of macOS
_NOT_FOR_WINDOWS = frozenset({193, 216})  # ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH
_SECONDS = 60.0


def _environ(scratch: Path) -> dict[str, str]:
    """The whole environment of a micromamba: a home, settings and temporary files of its own."""
    places = {name: scratch / name for name in ("home", "tmp", "data")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    environ = clean_environ(os.environ, home=str(places["home"]))
    for name in ("TMPDIR", "TMP", "TEMP"):
        environ[name] = str(places["tmp"])
    if os.name == "nt":
        environ |= {name: str(places["data"]) for name in ("APPDATA", "LOCALAPPDATA")}
    return {**environ, "MAMBA_NO_PROGRESS_BARS": "true"}


def version_of(path: Path) -> str:
    """Return its version: asked once, when it comes into the store, and kept beside it.

    Raises:
        EngineError: it does not run here, or is not a micromamba.
    """
    note = path.parent / "version"
    try:
        return note.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        version = _ask(path)
    write_atomic(note, version.encode())
    return version


def _ask(path: Path) -> str:
    with clean_home() as scratch:
        try:
            done = subprocess.run(
                [str(path), "--version"], env=_environ(scratch), cwd=scratch, timeout=_SECONDS,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _stranger(path, f"it did not end within {_SECONDS:g} seconds") from error
        except OSError as error:
            raise _cannot_start(path, error) from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode == 0 and _VERSION.fullmatch(said):
        return said
    raise _stranger(path, *(said.splitlines()[:5] or [f"no output, exit code {done.returncode}"]))


def _stranger(path: Path, *details: str) -> EngineError:
    return EngineError(
        "this is not micromamba: `--version` does not print a version",
        where=str(path),
        details=details,
        hint=OTHER,
    )


def _cannot_start(path: Path, error: OSError) -> EngineError:
    code = getattr(error, "winerror", None)
    if error.errno in _NOT_FOR_HERE or code in _NOT_FOR_WINDOWS:
        return EngineError(
            "this micromamba is not for this machine",
            where=str(path),
            details=[error.strerror or str(error)],
            hint=OTHER,
        )
    hint = "is the package cache on a file system where nothing may be executed? set SEALENV_CACHE"
    return EngineError(
        f"micromamba cannot be started: {error.strerror}",
        where=str(path),
        hint=hint if error.errno == errno.EACCES else OTHER,
    )
