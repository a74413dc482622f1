"""A micromamba for each platform of a bundle: given, of the releases, or the channel's own package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from sealenv.bootstrap.rebuild import PinnedMicromamba
from sealenv.bootstrap.releases import WANTED, release_url
from sealenv.engine.messages import Executable, OnProgress
from sealenv.engine.rattler import Engine
from sealenv.errors import FetchError, SolveError
from sealenv.locks import Lock
from sealenv.spec.model import EnvironmentSpec

__all__ = ["micromamba_for"]


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
    """The executable for the platform of a lock, in the store; None where there is none to be had.

    A file that was given is taken as it is, or compared with the digest in `checked`; a release only
    where its digest is known; then the newest package of the lock's own channels, whose index has its
    digest.

    Raises:
        DigestError: it is not what was promised.
        EngineError: it is known to be unusable.
        FetchError: a release with a known digest cannot be had.
    """
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
