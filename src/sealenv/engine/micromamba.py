"""Bring a micromamba into the store: checked, executable, and started once to see that it runs.

It is kept at `archives/<sha256>/micromamba`. A local file is copied there too, so that the checked
bytes are the ones that run.
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

from rattler.package_streaming import PackageArchive

from sealenv.bootstrap.releases import check_version
from sealenv.engine.messages import Executable, Obtain
from sealenv.errors import CacheDamagedError, EngineError, FetchError
from sealenv.gates.admission import clean_environ
from sealenv.layout import is_windows
from sealenv.locks import LockedPackage
from sealenv.spec.model import current_platform
from sealenv.store.archives import Store
from sealenv.system.filelock import FileLock
from sealenv.system.files import write_atomic
from sealenv.system.processes import clean_home

__all__ = ["obtain"]

_OTHER = "give another one with --micromamba, or leave it out"
_VERSION = re.compile(r"\d+\.\d+(\.\d+)?[0-9A-Za-z.+-]*")
_NOT_FOR_HERE = frozenset({errno.ENOEXEC, 86})  # 86: EBADARCH of macOS
_NOT_FOR_WINDOWS = frozenset({193, 216})  # ERROR_BAD_EXE_FORMAT, ERROR_EXE_MACHINE_TYPE_MISMATCH
_SECONDS = 60.0


async def obtain(request: Obtain, emit: Callable[[Any], None]) -> Executable:
    """Return the executable in the store.

    Raises:
        EngineError: it does not run here, is not a micromamba, or has an unusable version.
        FetchError: it is not available.
    """
    store = Store(Path(request.access.store))
    name = "micromamba.exe" if is_windows(request.platform) else "micromamba"
    version = ""
    if request.package is not None:
        origin = f"{request.package.url}#{request.package.sha256}"
        version = request.package.version
        path = await _from_package(store, request.package, request.platform, name)
    else:
        origin = str(request.path)
        path = _from_file(store, origin, name)
    if request.platform == current_platform():  # one for another platform cannot be started
        version = _version_of(path)
    if version:
        check_version(version)
    return Executable(path=str(path), sha256=path.parent.name, version=version, origin=origin)


async def _from_package(store: Store, package: LockedPackage, platform: str, name: str) -> Path:
    archive = store.path(package)
    if not store.verify(package):
        raise CacheDamagedError(
            f"{package.fn} was damaged in the cache and was removed from it",
            where=str(archive),
            hint="run the same command again to download it",
        )
    member = f"Library/bin/{name}" if is_windows(platform) else f"bin/{name}"
    data = await (await PackageArchive.from_path(archive)).read_file(member)
    if data is None:
        raise EngineError(
            f"{package.dist} does not contain {member}", where=package.url, hint=_OTHER
        )
    return _put(store, data, name)


def _from_file(store: Store, text: str, name: str) -> Path:
    try:
        data = Path(text).read_bytes()
    except OSError as error:
        raise FetchError(
            f"micromamba cannot be read: {error.strerror}", where=text, hint="check its path"
        ) from error
    return _put(store, data, name)


def _put(store: Store, data: bytes, name: str) -> Path:
    """Write an executable to the folder of its digest."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = store.archives / sha256 / name
    with FileLock(store.locks / sha256).waiting():
        path.parent.mkdir(exist_ok=True)
        if not (path.is_file() and path.read_bytes() == data):  # an identical one may be running
            write_atomic(path, data, mode=0o755)
        path.chmod(0o755)  # whatever the umask
    return path


def _version_of(path: Path) -> str:
    """Run `--version` in a clean environment.

    Raises:
        EngineError: it does not run here, or is not a micromamba.
    """
    with clean_home() as scratch:
        try:
            done = subprocess.run(
                [str(path), "--version"], env=_environ(scratch), cwd=scratch, timeout=_SECONDS,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise _invalid(path, f"it did not end within {_SECONDS:g} seconds") from error
        except OSError as error:
            raise _cannot_start(path, error) from error
    said = done.stdout.decode(errors="replace").strip()
    if done.returncode == 0 and _VERSION.fullmatch(said):
        return said
    raise _invalid(path, *(said.splitlines()[:5] or [f"no output, exit code {done.returncode}"]))


def _environ(scratch: Path) -> dict[str, str]:
    """Return the whole environment of a micromamba: its own home, settings and temporary files."""
    places = {name: scratch / name for name in ("home", "tmp", "data")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    environ = clean_environ(os.environ, home=str(places["home"]))
    environ |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(places["tmp"]))
    if os.name == "nt":
        environ |= dict.fromkeys(("APPDATA", "LOCALAPPDATA"), str(places["data"]))
    return environ


def _invalid(path: Path, *details: str) -> EngineError:
    return EngineError(
        "this is not micromamba: `--version` does not print a version",
        where=str(path),
        details=details,
        hint=_OTHER,
    )


def _cannot_start(path: Path, error: OSError) -> EngineError:
    code = getattr(error, "winerror", None)
    if error.errno in _NOT_FOR_HERE or code in _NOT_FOR_WINDOWS:
        return EngineError(
            "this micromamba is not for this machine",
            where=str(path),
            details=[error.strerror or str(error)],
            hint=_OTHER,
        )
    hint = "is the package cache on a file system without execute permission? set SEALENV_CACHE"
    return EngineError(
        f"micromamba cannot be started: {error.strerror}",
        where=str(path),
        hint=hint if error.errno == errno.EACCES else _OTHER,
    )
