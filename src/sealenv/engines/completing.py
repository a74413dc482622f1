"""micromamba's records, completed: they say less than conda's, and of `.pyc` more than there is.

As read in the sources of mamba 2.8.1: paths carry no placeholder and no file mode, so that conda could
not tell a changed file from one with a prefix in it; `.pyc` files are listed although `--no-pyc` made
none; what the channel says of a package (patched dependencies, licences) is replaced by what its own
index.json says. So they are written anew, from the channel's record, the verified archive and what is
really in the prefix; whatever is missing there is an error here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from sealenv.errors import EngineError
from sealenv.host.files import write_atomic
from sealenv.host.hashing import hash_file
from sealenv.layout import META, is_windows
from sealenv.locks import Lock, LockedPackage
from sealenv.preflight import linked_paths
from sealenv.store.archives import Store
from sealenv.store.inspection import read_listing
from sealenv.store.manifest import Manifest

__all__ = ["write_records"]

_HINT = "run the same command again; --engine rattler makes the same environment without it"


async def write_records(lock: Lock, prefix: Path, store: Store) -> None:
    """Write the record of every package of the lock.

    Raises:
        EngineError: micromamba said that all was well, and left something out.
    """
    for package in lock.packages:
        path = prefix / META / f"{package.dist}.json"
        manifest = store.manifest(package)
        if not path.is_file() or manifest is None:
            raise EngineError(
                f"micromamba ended well, and did not link {package.dist}",
                where=str(prefix),
                hint=_HINT,
            )
        entries = [
            *await _paths(package, manifest, lock, prefix, store),
            *_entry_points(package, manifest, lock, prefix),
        ]
        record = {
            **package.record,
            "files": [entry["_path"] for entry in entries],
            "paths_data": {"paths_version": 1, "paths": entries},
            "link": {"source": "", "type": 1},
        }
        write_atomic(path, msgspec.json.encode(record))


async def _paths(
    package: LockedPackage, manifest: Manifest, lock: Lock, prefix: Path, store: Store
) -> list[dict[str, Any]]:
    listed = await read_listing(package, store.path(package))
    entries = []
    for item, path in zip(listed, linked_paths(package, manifest, lock), strict=True):
        entry: dict[str, Any] = {"_path": path, "path_type": item.path_type}
        facts = {
            "sha256": item.sha256,
            "size_in_bytes": item.size_in_bytes,
            "file_mode": item.file_mode,
            "prefix_placeholder": item.prefix_placeholder,
        }
        entry |= {key: value for key, value in facts.items() if value is not None}
        _refuse_missing(package, prefix, path)
        if item.prefix_placeholder is not None:
            # As py-rattler has it, the size is that of the file with the prefix in it.
            entry["sha256_in_prefix"], entry["size_in_bytes"] = hash_file(prefix / path)
        entries.append(entry)
    return entries


def _entry_points(
    package: LockedPackage, manifest: Manifest, lock: Lock, prefix: Path
) -> list[dict[str, Any]]:
    entries = []
    for point in manifest.entry_points if package.is_noarch_python else ():
        name = point.partition("=")[0].strip()
        kinds = {f"bin/{name}": "unix_python_entry_point"}
        if is_windows(lock.platform):
            kinds = {
                f"Scripts/{name}-script.py": "windows_python_entry_point_script",
                f"Scripts/{name}.exe": "windows_python_entry_point_exe",
            }
        for path, kind in kinds.items():
            _refuse_missing(package, prefix, path)
            sha256, size = hash_file(prefix / path)
            entries.append(
                {"_path": path, "path_type": kind, "sha256": sha256, "size_in_bytes": size}
            )
    return entries


def _refuse_missing(package: LockedPackage, prefix: Path, path: str) -> None:
    if not os.path.lexists(prefix / path):
        raise EngineError(
            f"micromamba ended well, and did not link {path!r} of {package.dist}",
            where=str(prefix),
            hint=_HINT,
        )
