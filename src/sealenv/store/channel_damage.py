"""Index files of a channel folder that are not as they were made: told by what was noted, and mended.

repodata.json is what indexing goes by, and it says of packages what their channels said, which no
archive knows. So where it is damaged it is taken from its compressed form, if that is as it was made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sealenv.layout import is_link
from sealenv.system.files import write_atomic
from sealenv.system.hashing import hash_file
from sealenv.system.zstd import decompress

__all__ = ["as_made", "mend"]

_SHARD = re.compile(r"([0-9a-f]{64})\.msgpack\.zst")
_MOST_BYTES = 1 << 30


def as_made(folder: Path, made: object) -> bytes | None:
    """The repodata.json that was made, where another or none is there; None where nothing is to mend.

    One that names other archives is left alone: then somebody has indexed the channel with a program of
    his own.

    Args:
        folder: of a subdir.
        made: what `.sealenv-indexed` says of it.
    """
    if not isinstance(made, dict) or not made.keys() >= {"repodata.json", "repodata.json.zst"}:
        return None
    path, packed = folder / "repodata.json", folder / "repodata.json.zst"
    try:
        there = path.read_bytes() if path.exists() else b""
        if path.exists() and hash_file(path)[0] == made["repodata.json"]:
            return None
        if is_link(packed) or hash_file(packed)[0] != made["repodata.json.zst"]:
            return None
        data = decompress(packed.read_bytes(), _MOST_BYTES)
        names = _archives(json.loads(data))
    except (OSError, ValueError, RecursionError):
        return None
    try:
        same = _archives(json.loads(there)) == names
    except (ValueError, RecursionError):
        same = True  # it says nothing
    return data if same else None


def _archives(index: Any) -> set[str]:
    """The names of the archives in an index.

    Raises:
        ValueError: it is none.
    """
    try:
        return {fn for key in ("packages", "packages.conda") for fn in index.get(key) or ()}
    except (AttributeError, TypeError) as error:
        raise ValueError("no index") from error


def mend(root: Path, made: Mapping[str, object]) -> set[str]:
    """Put back what is damaged of the index; the names of the subdirs that have to be indexed now.

    Args:
        root: the channel; held against another mirror.
        made: what was noted of each subdir when it was indexed; nothing where that is no longer so.

    Raises:
        OSError: as the operating system says.
    """
    mended = set()
    for folder in sorted(root.iterdir()):
        if is_link(folder) or not folder.is_dir():
            continue
        if data := as_made(folder, made.get(folder.name)):
            write_atomic(folder / "repodata.json", data)
            mended.add(folder.name)
        for shard in _damaged_shards(folder):
            shard.unlink()  # indexing writes no shard of a name that is there
            mended.add(folder.name)
    return mended


def _damaged_shards(folder: Path) -> list[Path]:
    """The shards (CEP 16) of a subdir's folder that are not what their name says: their sha256."""
    found: list[Path] = []
    if is_link(folder / "shards"):
        return found
    for path in sorted((folder / "shards").glob("*.msgpack.zst")):
        match = _SHARD.fullmatch(path.name)
        if match and not is_link(path) and path.is_file() and hash_file(path)[0] != match[1]:
            found.append(path)
    return found
