"""Environments as conda and micromamba leave them: linked by sealenv, recorded their way.

The rules are those that can be seen in records that conda 26.7.2 and micromamba 2.8.1 wrote.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sealenv.layout import FILES, HISTORY, META, SEAL
from sealenv.seals.seal import read_seal

Record = dict[str, Any]
_SCRIPTS = {"unix_python_entry_point", "windows_python_entry_point_script"}


def make_foreign(prefix: Path, cache: Path, writer: str) -> None:
    """Turn an environment of sealenv into one of another writer, in place.

    Args:
        prefix: sealed, made with `--no-pyc` or without it.
        cache: its package cache, in which the packages' own lists of paths are.
        writer: a key of `WRITERS`.
    """
    seal = read_seal(prefix)
    for path in (*seal.activation, SEAL, FILES, f"{META}/.condarc", ".condarc", "pkgs"):
        _delete(prefix / path)
    records = [
        rewrite_record(prefix, cache, writer, p) for p in sorted((prefix / META).glob("*.json"))
    ]
    if writer == "conda":
        (prefix / META / "created_at").write_text("1764035711")  # conda 26.7
    lines = [
        "==> 2026-11-25 01:55:11 <==",
        f"# cmd: {writer} create -p {prefix}",
        f"# {writer} version: 26.7.2",
        *(f"+{r['channel']}::{r['name']}-{r['version']}-{r['build']}" for r in records),
        "# update specs: ['python', 'requests']",
    ]
    (prefix / HISTORY).write_text("\n".join([*lines, ""]))


def rewrite_record(prefix: Path, cache: Path, writer: str, path: Path) -> Record:
    """Write one record as its writer would."""
    record: Record = json.loads(path.read_bytes())
    for entry in record["paths_data"]["paths"]:
        if entry["path_type"] in _SCRIPTS:  # both indent with spaces, rattler with a tab
            script = prefix / entry["_path"]
            script.write_bytes(script.read_bytes().replace(b"\n\t", b"\n    "))
    windows = (prefix / "Lib").is_dir()
    (site,) = prefix.glob("Lib/site-packages" if windows else "lib/python3.*/site-packages")
    WRITERS[writer](
        prefix, record, _shipped(cache, record), site.relative_to(prefix).as_posix(),
        "Scripts/" if windows else "bin/",
    )  # fmt: skip
    path.write_text(json.dumps(record, indent=1))
    return record


def _delete(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _shipped(cache: Path, record: Record) -> dict[str, Record]:
    """The package's `info/paths.json`, by path."""
    name = f"{record['name']}-{record['version']}-{record['build']}"
    (found,) = {p.read_bytes() for p in (cache / "unpacked").rglob("info/paths.json")
                if p.parts[-3].startswith(name)}  # fmt: skip
    return {entry["_path"]: entry for entry in json.loads(found)["paths"]}


def _archived(
    path: str, record: Record, site: str, scripts: str, shipped: dict[str, Record]
) -> str:
    """The path in the archive of a file of a package."""
    if record.get("noarch") != "python":
        return path
    for folder, name in ((f"{site}/", "site-packages/"), (scripts, "python-scripts/")):
        if path.startswith(folder) and name + path[len(folder) :] in shipped:
            return name + path[len(folder) :]
    return path


def _as_conda(
    prefix: Path, record: Record, shipped: dict[str, Record], site: str, scripts: str
) -> None:
    """Paths of noarch packages as in the archive; digests of no entry point, size of each file."""
    entries = []
    for entry in record["paths_data"]["paths"]:
        path = entry["_path"]
        written: Record = {"_path": path, "path_type": entry["path_type"]}
        source = shipped.get(archived := _archived(path, record, site, scripts, shipped))
        if source is None:
            written["size_in_bytes"] = (prefix / path).stat().st_size
        else:
            written |= source | {"_path": archived}
            written["sha256_in_prefix"] = _digest(prefix / path)
        entries.append(written)
    record["files"] = sorted(entry["_path"] for entry in record["paths_data"]["paths"])
    record["paths_data"]["paths"] = entries
    record["channel"] = record["url"].rpartition("/")[0]
    record["requested_specs"] = record.get("requested_specs") or []


def _as_micromamba(
    prefix: Path, record: Record, shipped: dict[str, Record], site: str, scripts: str
) -> None:
    """No placeholder and no mode; the size in the archive also where the prefix was written."""
    entries = []
    for entry in record["paths_data"]["paths"]:
        path = entry["_path"]
        written: Record = {"_path": path, "path_type": entry["path_type"]}
        source = shipped.get(_archived(path, record, site, scripts, shipped))
        if source is not None and source["path_type"] != "softlink":
            written |= {
                "sha256": source["sha256"],
                "sha256_in_prefix": _digest(prefix / path),
                "size_in_bytes": source["size_in_bytes"],
            }
        entries.append(written)
    record["files"] = [entry["_path"] for entry in entries]
    record["paths_data"]["paths"] = entries
    record["channel"] = record["url"].rsplit("/", 2)[0]
    for key in ("requested_specs", "legacy_bz2_md5"):
        record.pop(key, None)
    record["requested_spec"] = f"{record['name']}=={record['version']}={record['build']}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


WRITERS: dict[str, Callable[[Path, Record, dict[str, Record], str, str], None]] = {
    "conda": _as_conda,
    "micromamba": _as_micromamba,
}
"""Writer -> what turns a record of rattler into one of its."""
