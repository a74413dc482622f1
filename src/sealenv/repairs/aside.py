"""Files to put back: from packages linked, and wheels installed again, in a folder of ours."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from sealenv.errors import DigestError, FetchError, LinkError, OfflineError
from sealenv.gates.whitelist import clean_environ
from sealenv.layout import SCRATCH
from sealenv.locks import Lock
from sealenv.repairs.obtaining import Archives
from sealenv.repairs.plan import Mending, Plan
from sealenv.repairs.putting import put_back
from sealenv.repairs.sources import install_aside
from sealenv.seals.compare import Comparison
from sealenv.system.deleting import delete

__all__ = ["clear", "reinstall", "relink", "scratch_in"]


def relink(comparison: Comparison, plan: Plan, archives: Archives, how: Mending) -> dict[str, str]:
    """Put the packages' files back; path -> why not (empty: done)."""
    paths = [path for path in plan.relink if path not in archives.lost]
    if not paths:
        return {}
    how.reporter.phase("repair", "putting files back")
    reasons = {}
    try:
        with _linked_aside(comparison, archives.packages, how) as scratch:
            for done, path in enumerate(paths, 1):
                reasons[path] = put_back(comparison, path, scratch)
                how.reporter.advance(done, len(paths), "files", path)
    except (OfflineError, FetchError, DigestError) as error:
        # One was damaged in the cache, and cannot be had anew: none of them is linked.
        return dict.fromkeys(paths, error.what)
    return reasons


def reinstall(
    comparison: Comparison, plan: Plan, archives: Archives, how: Mending, lock_fd: int
) -> dict[str, str]:
    """Put the wheels' files back, now that pip is whole; path -> why not (empty: done)."""
    paths = [path for path in plan.wheels if path not in archives.lost]
    if not paths:
        return {}
    how.reporter.phase("wheels", "putting files of wheels back")
    with scratch_in(comparison.prefix) as scratch:
        try:
            environ = clean_environ(how.environ)
            install_aside(comparison, archives.wheels, how.engine, environ, scratch, lock_fd)
        except LinkError as error:
            return dict.fromkeys(paths, "; ".join([error.what, *error.details[-1:]]))
        return {path: put_back(comparison, path, scratch) for path in paths}


@contextlib.contextmanager
def _linked_aside(comparison: Comparison, lock: Lock, how: Mending) -> Iterator[Path]:
    """The packages, linked into a folder of ours in the prefix: one rename from their place."""
    with scratch_in(comparison.prefix) as scratch:
        if lock.packages:
            how.engine.link(lock, comparison.prefix, aside=scratch)
        yield scratch


def clear(prefix: Path) -> None:
    """Delete the folder of a repair that was killed."""
    if os.path.lexists(prefix / SCRATCH):
        delete(prefix / SCRATCH)


@contextlib.contextmanager
def scratch_in(prefix: Path) -> Iterator[Path]:
    """A folder of ours; it goes at the end, whatever happens."""
    scratch = prefix / SCRATCH
    scratch.mkdir()
    try:
        yield scratch
    finally:
        delete(scratch)
