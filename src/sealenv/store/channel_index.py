"""The index of a channel folder: read, and refused where indexing it again would lose something.

Indexing writes repodata.json anew from the archives that are in the folder and what the old one says of
them. So nothing may be there that it would drop: keys that it does not know, an address elsewhere
(CEP 15), records of archives that are not there; and nothing may come in that its owner left out.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from sealenv.errors import ChannelError
from sealenv.locks import LockedPackage
from sealenv.system.hashing import hash_file

__all__ = [
    "check_complete",
    "entry_of",
    "index_digests",
    "read_digests",
    "read_index",
    "says_the_same",
]

_ARCHIVES = ("packages", "packages.conda")
_INDEX_FILES = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")
_SHARDS = "shards"
_KNOWN = frozenset({"info", "repodata_version", *_ARCHIVES})
_ENDS = (".conda", ".tar.bz2")
_KEYS = frozenset({
    "app_cli_opts", "app_entry", "app_own_environment", "app_type", "arch", "build", "build_number",
    "constrains", "depends", "extra_depends", "features", "indexed_timestamp", "legacy_bz2_md5",
    "legacy_bz2_size", "license", "license_family", "md5", "name", "noarch", "platform", "purls",
    "python_site_packages_path", "run_exports", "sha256", "size", "subdir", "timestamp",
    "track_features", "type", "version",
})  # fmt: skip
"""Of a record what belongs into repodata (CEP 36)."""
_SOLVED = ("name", "version", "build", "build_number", "sha256", "depends", "constrains",
           "track_features", "timestamp")  # fmt: skip
"""What decides a solve; the rest is written anew in other words whenever a channel is indexed."""
_ELSEWHERE = "mirror into another folder, or add the archives with what indexes this one"


def read_index(folder: Path) -> dict[str, Any]:
    """What the repodata.json of a subdir's folder says; an empty one where there is none.

    Raises:
        ChannelError: it cannot be read, or says what indexing would lose.
    """
    path = folder / "repodata.json"
    try:
        read = json.loads(path.read_bytes())
    except FileNotFoundError:
        read = {}
    except (OSError, ValueError, RecursionError) as error:
        raise ChannelError(
            f"the index of the channel cannot be read: {error}",
            where=str(path),
            hint="index the channel anew, or mirror into another folder",
        ) from error
    if problem := _misshapen(read):
        raise ChannelError(
            f"the index of the channel is none: {problem}",
            where=str(path),
            hint="index the channel anew, or mirror into another folder",
        )
    info = read.get("info") or {}
    lost = [key for key in read if key not in _KNOWN and read[key]]
    lost += [f"info: {key}" for key in info if key != "subdir" and info[key]]
    if lost:
        raise ChannelError(
            "the index of the channel says more than indexing it here would keep",
            where=str(path),
            details=lost,
            hint=_ELSEWHERE,
        )
    index = {key: read.get(key) or {} for key in _ARCHIVES}
    return {**read, "info": info or {"subdir": folder.name}, **index}


def entry_of(package: LockedPackage, size: int) -> dict[str, Any]:
    """What repodata.json says of a package: what its own channel said."""
    record = {k: v for k, v in package.record.items() if k in _KEYS and v is not None}
    return {**record, "sha256": package.sha256, "subdir": package.subdir, "size": size}


def says_the_same(entry: dict[str, Any] | None, record: dict[str, Any]) -> bool:
    """Whether an entry says of a package what a solve goes by."""
    return entry is not None and all(
        (entry.get(key) or None) == (record.get(key) or None) for key in _SOLVED
    )


def index_digests(folder: Path) -> dict[str, str]:
    """File name -> sha256 (hex) of every index file of a subdir: they tell the same in three forms.

    Of the shards only the names, which are their digests: clients compare them.
    """
    found = {}
    for name in _INDEX_FILES:
        with contextlib.suppress(OSError):
            found[name] = hash_file(folder / name)[0]
    if names := sorted(path.name for path in (folder / _SHARDS).glob("*")):
        found[_SHARDS] = hashlib.sha256("\n".join(names).encode()).hexdigest()
    return found


def read_digests(path: Path) -> dict[str, dict[str, str]]:
    """What `index_digests` said of each subdir when it was indexed; empty where nobody noted it."""
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}


def check_complete(folder: Path, wanted: Collection[str], *, stopped: bool) -> None:
    """Whether the archives of a subdir's folder and its index name each other.

    Args:
        folder: the subdir's.
        wanted: the archives that are going to be added, or are there.
        stopped: a run of ours was stopped: archives that no index names are its.

    Raises:
        ChannelError: they do not.
    """
    index = read_index(folder)
    named = {fn for key in _ARCHIVES for fn in index[key]}
    there = {p.name for p in folder.glob("*") if p.name.endswith(_ENDS) and p.name[0] != "."}
    if gone := sorted(named - there - set(wanted)):
        raise ChannelError(
            "the index of the channel names archives that are not in the folder: it would lose them",
            where=str(folder / "repodata.json"),
            details=gone[:10],
            hint=_ELSEWHERE,
        )
    if not stopped and (unnamed := sorted(there - named - set(wanted))):
        raise ChannelError(
            "there are archives that the index of the channel does not name: they would come into it",
            where=str(folder),
            details=unnamed[:10],
            hint="move them away; or mirror into another folder",
        )


def _misshapen(read: object) -> str | None:
    if not isinstance(read, dict):
        return "it is not a mapping"
    for key in ("info", *_ARCHIVES):
        if not isinstance(read.get(key) or {}, dict) or read.get(key, {}) in ([], "", 0, False):
            return f"its {key!r} is not a mapping"
    for key in _ARCHIVES:
        for fn, record in (read.get(key) or {}).items():
            if not isinstance(record, dict):
                return f"what it says of {fn[:200]!a} is not a mapping"
    return None
