"""Start the engine and open the store for one call, and fetch what the call needs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv import locations
from sealenv.engine.messages import Executable, OnProgress
from sealenv.engine.rattler import Engine
from sealenv.errors import FetchError, SolveError, UsageError
from sealenv.locks import Lock
from sealenv.spec.model import EnvironmentSpec
from sealenv.store.archives import Store, archives_of

if TYPE_CHECKING:
    from sealenv.bootstrap.rebuild import PinnedMicromamba

__all__ = ["fetch_anew", "micromamba_for", "parse_timeout", "started"]


def parse_timeout() -> float:
    """SEALENV_TIMEOUT: seconds of silence after which a request fails (default 30).

    Raises:
        UsageError: it is not a positive number.
    """
    text = os.environ.get("SEALENV_TIMEOUT", "30")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise UsageError(f"SEALENV_TIMEOUT={text!r} is not a number of seconds", hint="write 30")
    return seconds


@contextlib.contextmanager
def started() -> Iterator[tuple[Store, Engine]]:
    """Yield this machine's store, and an engine that is closed in the end. The store is not in use yet.

    Raises:
        UsageError: SEALENV_TIMEOUT is not a number.
    """
    store = Store(Path(locations.cache_root()))
    engine = Engine(store, timeout=parse_timeout())
    try:
        yield store, engine
    finally:
        engine.close()


def fetch_anew(
    engine: Engine,
    locks: Sequence[Lock],
    store: Store,
    on_progress: OnProgress,
    *,
    offline: bool,
) -> None:
    """Hash every archive of some locks, remove those that are damaged, and fetch what is missing then.

    Raises:
        OfflineError: something is missing and the network is not to be used.
        DigestError, FetchError: a download failed.
    """
    for lock in locks:
        for archive in archives_of(lock):
            store.verify(archive)
        engine.fetch(lock, on_progress, offline=offline)


def micromamba_for(
    engine: Engine,
    lock: Lock,
    pinned: PinnedMicromamba,
    given: Mapping[str, Path],
    on_progress: OnProgress,
    *,
    checked: Mapping[str, str],
    offline: bool,
) -> Executable | None:
    """Return the micromamba for the platform of a lock, in the store; None if there is none.

    A given file is compared with the digest in `checked`, if there is one; a release is used only if its
    digest is known; otherwise it is the newest package of the lock's own channels.

    Raises:
        DigestError: it is not what was promised.
        EngineError: it is known to be unusable.
        FetchError: the download of a release with a known digest failed.
    """
    from sealenv.bootstrap.releases import WANTED, release_url

    platform = lock.platform
    if platform in given:
        path, sha256 = str(given[platform]), checked.get(platform)
        return engine.obtain(platform, on_progress, path=path, sha256=sha256, offline=offline)
    if platform in pinned.sha256:
        url = release_url(pinned.version, platform)
        known = pinned.sha256[platform]
        return engine.obtain(platform, on_progress, url=url, sha256=known, offline=offline)
    spec = EnvironmentSpec(packages=(WANTED,), channels=lock.channels, platform=platform)
    try:
        solved = engine.solve(spec, offline=offline).lock
    except (SolveError, FetchError):
        return None
    package = solved.find("micromamba")
    assert package is not None
    own = Lock(platform=platform, channels=lock.channels, packages=(package,))
    engine.fetch(own, on_progress, offline=offline)
    return engine.obtain(platform, on_progress, package=package, offline=offline)
