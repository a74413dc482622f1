"""`cache info` and `cache clean`: what the store holds, and letting go of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from sealenv.errors import CacheBusyError
from sealenv.fields import AbsolutePath, Bytes, Count
from sealenv.layout import walk
from sealenv.store.archives import Store
from sealenv.store.view import take_back
from sealenv.system.filelock import FileLock

__all__ = ["PARTS", "Part", "clean", "info"]

PARTS = {
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
        what: what it holds, for people.
        path: its folder.
        files: how many it has.
        bytes: of them.
    """

    part: str
    what: str
    path: AbsolutePath
    files: Count
    bytes: Bytes


def info(store: Store) -> list[Part]:
    """Files and bytes of each part. Writes nothing."""
    return [_measure(name, store.root / name) for name in PARTS]


def clean(store: Store, parts: list[str], view: Path) -> list[Part]:
    """Delete parts of the store. Existing environments continue to work.

    Args:
        store: sealenv's package cache.
        parts: of `PARTS`.
        view: what conda inside the environments uses as `pkgs`. The archives linked there are
            removed too if it is in the store; a folder that the user has named is left alone.

    Returns:
        what was deleted.

    Raises:
        CacheBusyError: a create is using the store.
    """
    if not store.root.is_dir():
        return []
    store.prepare()
    with FileLock(store.locks / "store").alone() as free:
        if not free:
            raise CacheBusyError(
                "another sealenv is using the cache",
                where=str(store.root),
                hint="wait for it to end",
            )
        if "archives" in parts and view.is_relative_to(store.root):
            take_back(store, view)
        gone = []
        for name in parts:
            folder = store.root / name
            gone.append(_measure(name, folder))
            shutil.rmtree(folder, ignore_errors=True)
        return gone


def _measure(name: str, folder: Path) -> Part:
    files = size = 0
    if folder.is_dir():
        for entry in walk(folder):
            if not entry.is_dir:
                files += 1
                size += entry.status.st_size
    return Part(part=name, what=PARTS[name], path=folder, files=files, bytes=size)
