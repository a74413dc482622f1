"""The engine and the store that a call needs, for as long as it needs them."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.engine.rattler import Engine
    from sealenv.store.archives import Store
from collections.abc import Sequence

from sealenv.engine.messages import OnProgress
from sealenv.engine.rattler import Engine
from sealenv.locks import Lock
from sealenv.store.archives import Store, archives_of

__all__ = ["fetch_anew", "parse_timeout", "started"]


def parse_timeout() -> float:
    """SEALENV_TIMEOUT: seconds of silence after which a server is given up, 30 without it.

    Raises:
        UsageError: it is no positive number.
    """
    text = os.environ.get("SEALENV_TIMEOUT", "30")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 86_400:
        raise UsageError(f"SEALENV_TIMEOUT={text!r} is no number of seconds", hint="write 30")
    return seconds


@contextlib.contextmanager
def started() -> Iterator[tuple[Store, Engine]]:
    """Yield this machine's store, and an engine that is closed in the end. The store is not in use yet.

    Raises:
        UsageError: SEALENV_TIMEOUT is no number.
    """
    from sealenv import locations
    from sealenv.engine.rattler import Engine
    from sealenv.store.archives import Store

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
        DigestError, FetchError: it cannot be had.
    """
    for lock in locks:
        for archive in archives_of(lock):
            store.verify(archive)
        engine.fetch(lock, on_progress, offline=offline)
