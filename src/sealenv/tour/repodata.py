"""repodata.json (CEP 36) of a folder of archives."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sealenv.tour.archive import zstd

__all__ = ["record_of", "write_repodata"]


def record_of(archive: Path) -> dict[str, object]:
    """Return the repodata record of an archive: its index.json with digests and size."""
    data = archive.read_bytes()
    record: dict[str, object] = json.loads(_index_json(archive, data))
    record["md5"] = hashlib.md5(data, usedforsecurity=False).hexdigest()
    record["sha256"] = hashlib.sha256(data).hexdigest()
    record["size"] = len(data)
    return record


def _index_json(archive: Path, data: bytes) -> bytes:
    if archive.name.endswith(".conda"):
        with zipfile.ZipFile(io.BytesIO(data)) as container:
            name = next(n for n in container.namelist() if n.startswith("info-"))
            data = zstd.decompress(container.read(name))
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        member = tar.extractfile("info/index.json")
        assert member is not None
        return member.read()


def write_repodata(
    folder: Path, overrides: Mapping[str, Mapping[str, object] | None] | None = None
) -> Path:
    """Index every archive in a channel's subdir folder.

    Writes repodata.json and repodata.json.zst.

    Args:
        folder: a channel's `<subdir>` folder; it is created if it does not exist.
        overrides: fields to replace in the record of a file, for tests of broken channels: None
            instead of a value removes the field, None instead of fields leaves the archive out. An
            archive with a complete record is not read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict[str, dict[str, object]]] = {"packages": {}, "packages.conda": {}}
    for archive in sorted(folder.iterdir()):
        fields = (overrides or {}).get(archive.name, {})
        if fields is None or not archive.name.endswith((".conda", ".tar.bz2")):
            continue
        record = {**({} if "name" in fields else record_of(archive)), **fields}
        group = "packages.conda" if archive.suffix == ".conda" else "packages"
        found[group][archive.name] = {k: v for k, v in record.items() if v is not None}
    content = {"info": {"subdir": folder.name}, "removed": [], "repodata_version": 1, **found}
    text = json.dumps(content, indent=1, sort_keys=True).encode() + b"\n"
    (folder / "repodata.json.zst").write_bytes(zstd.compress(text, level=9))
    target = folder / "repodata.json"
    target.write_bytes(text)
    return target
