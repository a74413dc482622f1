"""`cache info` and `cache clean`: measure the package cache, and delete parts of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from sealenv.errors import CacheBusyError, UsageError
from sealenv.fields import AbsolutePath, Bytes, Count
from sealenv.layout import walk
from sealenv.locations import cache_root, conda_view
from sealenv.request import words
from sealenv.store.archives import Store, take_back
from sealenv.system.filelock import FileLock

_PARTS = {
    "archives": "verified package archives",
    "unpacked": "unpacked packages; environments link to them",
    "compiled": "compiled Python files; environments link to them",
    "repodata": "package lists of channels",
    "tmp": "partial downloads",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the package cache.

    Attributes:
        part: its name.
        what: its contents, for people.
        path: its folder.
        files: the number of files in it.
        bytes: the size of them.
    """

    part: str
    what: str
    path: AbsolutePath
    files: Count
    bytes: Bytes


class CacheInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The contents of the package cache.

    Attributes:
        root: its folder.
        conda_cache: the cache that conda and mamba in the environments use.
        parts: what can be deleted by itself.
    """

    root: AbsolutePath
    conda_cache: AbsolutePath
    parts: tuple[Part, ...]


class CacheCleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What `cache clean` deleted.

    Attributes:
        root: the folder of the cache.
        parts: the names of the parts.
        bytes: the size of their files.
    """

    root: AbsolutePath
    parts: tuple[str, ...]
    bytes: Bytes


def cache_info() -> CacheInfo:
    """Measure each part of the package cache. Nothing is written."""
    store = Store(Path(cache_root()))
    parts = tuple(_measure(store, name) for name in _PARTS)
    return CacheInfo(root=store.root, conda_cache=Path(conda_view()), parts=parts)


def cache_clean(parts: Sequence[str]) -> CacheCleaned:
    """Delete parts of the package cache. Environments continue to work.

    With `archives` those in the cache of conda and mamba are removed too if it is in sealenv's cache; a
    folder that CONDA_PKGS_DIRS names is left alone.

    Args:
        parts: of `archives`, `unpacked`, `compiled`, `repodata`, `tmp`.

    Raises:
        UsageError: there is no such part.
        CacheBusyError: something uses the cache.
    """
    wanted = words(parts)
    unknown = [part for part in wanted if part not in _PARTS]
    if unknown:
        raise UsageError(f"{unknown[0]!r} is not a part of the cache", hint=", ".join(_PARTS))
    store = Store(Path(cache_root()))
    freed = _clean(store, wanted) if store.root.is_dir() else 0
    return CacheCleaned(root=store.root, parts=wanted, bytes=freed)


def _clean(store: Store, parts: Sequence[str]) -> int:
    """Delete parts, and return the number of their bytes."""
    store.prepare()
    with FileLock(store.locks / "store").alone() as free:
        if not free:
            raise CacheBusyError(
                "another sealenv is using the cache",
                where=str(store.root),
                hint="wait for it to end",
            )
        view = Path(conda_view())
        if "archives" in parts and view.is_relative_to(store.root):
            take_back(store, view)
        freed = sum(_measure(store, name).bytes for name in parts)
        for name in parts:
            shutil.rmtree(store.root / name, ignore_errors=True)
        return freed


def _measure(store: Store, name: str) -> Part:
    folder = store.root / name
    files = size = 0
    if folder.is_dir():
        for entry in walk(folder):
            if not entry.is_dir:
                files += 1
                size += entry.status.st_size
    return Part(part=name, what=_PARTS[name], path=folder, files=files, bytes=size)
