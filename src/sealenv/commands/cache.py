"""`cache info` and `cache clean`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from sealenv.errors import UsageError
from sealenv.fields import AbsolutePath, Bytes
from sealenv.locations import cache_root, conda_view
from sealenv.request.arguments import words
from sealenv.store.archives import Store
from sealenv.store.cleaning import PARTS, Part, clean, info

__all__ = ["CacheCleaned", "CacheInfo", "cache_clean", "cache_info"]


class CacheInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What the package cache holds.

    Attributes:
        root: where it is.
        conda_cache: what conda and mamba in the environments use.
        parts: what can be deleted by itself.
    """

    root: AbsolutePath
    conda_cache: AbsolutePath
    parts: tuple[Part, ...]


class CacheCleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What `cache clean` deleted.

    Attributes:
        root: where the cache is.
        parts: the names of the parts.
        bytes: of their files.
    """

    root: AbsolutePath
    parts: tuple[str, ...]
    bytes: Bytes


def cache_info() -> CacheInfo:
    """Return what each part of the package cache holds, and where it is. Nothing is written."""
    store = Store(Path(cache_root()))
    return CacheInfo(root=store.root, conda_cache=Path(conda_view()), parts=tuple(info(store)))


def cache_clean(parts: Sequence[str]) -> CacheCleaned:
    """Delete parts of the package cache. Environments go on working.

    Args:
        parts: of `archives`, `unpacked`, `compiled`, `repodata`, `tmp`.

    Returns:
        what was deleted.

    Raises:
        UsageError: there is no such part.
        CacheBusyError: something uses the cache.
    """
    wanted = words(parts)
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not a part of the cache", hint=", ".join(PARTS))
    store = Store(Path(cache_root()))
    gone = clean(store, list(wanted), Path(conda_view()))
    freed = sum(part.bytes for part in gone)
    return CacheCleaned(root=store.root, parts=wanted, bytes=freed)
