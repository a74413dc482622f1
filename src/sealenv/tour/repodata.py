"""repodata.json (CEP 36) of a folder of archives, written directly: no event loop, no cache."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from sealenv.system.zstd import compress, decompress

__all__ = ["record_of", "write_repodata"]

_MAX_INDEX = 64 * 1024 * 1024


def record_of(archive: Path) -> dict[str, object]:
    """The repodata record of one archive: its index.json with digests and size."""
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
            packed = container.read(name)
        tar = decompress(packed, _MAX_INDEX)
        handle = tarfile.open(fileobj=io.BytesIO(tar), mode="r:")  # noqa: SIM115
    else:
        handle = tarfile.open(fileobj=io.BytesIO(data), mode="r:bz2")  # noqa: SIM115
    with handle:
        member = handle.extractfile("info/index.json")
        assert member is not None
        return member.read()


def write_repodata(
    subdir_dir: Path, overrides: Mapping[str, Mapping[str, object] | None] | None = None
) -> Path:
    """Index every archive in a subdir folder; write repodata.json and repodata.json.zst.

    Args:
        subdir_dir: a channel's `<subdir>` folder; made if it is missing.
        overrides: per file name, record fields to replace (None as a value of a field takes the
            field out); None instead of fields leaves the archive out. For tests of bad channels; a
            file name with a complete record need not be a readable archive.
    """
    subdir_dir.mkdir(parents=True, exist_ok=True)
    overrides = overrides or {}
    packages: dict[str, dict[str, object]] = {}
    packages_conda: dict[str, dict[str, object]] = {}
    for archive in sorted(subdir_dir.iterdir()):
        if not archive.name.endswith((".conda", ".tar.bz2")):
            continue
        fields = overrides.get(archive.name, {})
        if fields is None:
            continue
        record = {} if "name" in fields else record_of(archive)
        record.update(fields)
        record = {key: value for key, value in record.items() if value is not None}
        (packages_conda if archive.suffix == ".conda" else packages)[archive.name] = record
    repodata = {
        "info": {"subdir": subdir_dir.name},
        "packages": packages,
        "packages.conda": packages_conda,
        "removed": [],
        "repodata_version": 1,
    }
    text = json.dumps(repodata, indent=1, sort_keys=True).encode() + b"\n"
    target = subdir_dir / "repodata.json"
    target.write_bytes(text)
    packed = compress(text, level=9)
    (subdir_dir / "repodata.json.zst").write_bytes(packed)
    return target
