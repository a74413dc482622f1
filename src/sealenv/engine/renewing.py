"""What was damaged in the cache, fetched anew for who found it so."""

from __future__ import annotations

from collections.abc import Sequence

from sealenv.engine.messages import OnProgress
from sealenv.engine.rattler import Engine
from sealenv.locks import Lock
from sealenv.store.archives import Store, archives_of

__all__ = ["fetch_anew"]


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
        DigestError, FetchError: it cannot be had.
    """
    for lock in locks:
        for archive in archives_of(lock):
            store.verify(archive)
        engine.fetch(lock, on_progress, offline=offline)
