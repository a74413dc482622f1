"""`cache info` and `cache clean`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealenv.errors import UsageError
from sealenv.request.arguments import words

if TYPE_CHECKING:
    from sealenv.store.cleaning import Part

__all__ = ["cache_clean", "cache_info"]


def cache_info() -> tuple[Part, ...]:
    """What each part of the package cache holds, and where it is. Nothing is written."""
    from sealenv.locations import cache_root
    from sealenv.store.archives import Store
    from sealenv.store.cleaning import info

    return tuple(info(Store(Path(cache_root()))))


def cache_clean(parts: Sequence[str]) -> tuple[Part, ...]:
    """Delete parts of the package cache. Environments go on working.

    Args:
        parts: of `archives`, `unpacked`, `repodata`, `tmp`.

    Returns:
        what was deleted.

    Raises:
        UsageError: there is no such part.
        CacheBusyError: something uses the cache.
    """
    from sealenv.locations import cache_root, conda_view
    from sealenv.store.archives import Store
    from sealenv.store.cleaning import PARTS, clean

    wanted = list(words(parts))
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is no part of the cache", hint=", ".join(PARTS))
    return tuple(clean(Store(Path(cache_root())), wanted, Path(conda_view())))
