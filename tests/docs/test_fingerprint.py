"""docs/reference/fingerprint.md: its vectors, computed by the real code in a folder of their own."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sealenv.layout import is_windows
from sealenv.prefix.records import PrefixRecord
from sealenv.seals.distributions import find_distributions
from sealenv.seals.fingerprint import Payload, fingerprint, packages_lines
from sealenv.seals.snapshot import hash_rows, take_snapshot
from tests.docs.tables import REFERENCE


def vectors() -> list[tuple[str, dict[str, Any], list[str], str]]:
    """Return title, files and records, lines and fingerprint of each vector."""
    text = (REFERENCE / "fingerprint.md").read_text(encoding="utf-8")
    form = r"^### (.*?)$.*?```json\n(.*?)```.*?```text\n(.*?)```\s*`([0-9a-f]{64})`"
    return [
        (title, json.loads(vector), lines.splitlines(), digest)
        for title, vector, lines, digest in re.findall(form, text, re.M | re.S)
    ]


def make(prefix: Path, vector: dict[str, Any]) -> Payload:
    """Lay the files down as an engine would, and look at them."""
    prefix.mkdir()
    for name, what in vector["files"].items():
        path = prefix / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if "link" in what:
            path.symlink_to(what["link"])
            continue
        path.write_bytes(what["text"].replace("{prefix}", str(prefix)).encode())
        path.chmod(int(what.get("mode", "0644"), 8))
    records = []
    for given in vector["records"]:
        paths = []
        for entry in given["paths"]:
            linked = entry.get("prefix_placeholder") or "entry_point" in entry["path_type"]
            there = {"sha256_in_prefix": sha256(prefix / entry["_path"])} if linked else {}
            paths.append(entry | there)
        full = {"name": given["name"], "version": "1", "build": "0"}
        records.append(msgspec.convert(full | {"paths_data": {"paths": paths}}, PrefixRecord))
    rows = take_snapshot(prefix)
    hash_rows(prefix, rows, list(rows.values()))
    owned = {entry.path for record in records for entry in record.paths_data.paths}
    return Payload(
        prefix,
        vector["platform"],
        rows,
        records,
        find_distributions(prefix, rows, owned.__contains__),
        {name: sha256(prefix / name) for name in vector.get("patched", ())},
    )


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: v[0])
def test_a_vector(vector: tuple[str, Any, list[str], str], tmp_path: Path) -> None:
    _, content, lines, digest = vector
    if os.name == "nt" and not is_windows(content["platform"]):
        pytest.skip("Windows keeps no executable bit, and links need a right")
    found = packages_lines(make(tmp_path / "a place ü", content))
    assert found == lines
    assert fingerprint(found) == digest


def test_a_patched_file_that_no_seal_names(tmp_path: Path) -> None:
    """As a standalone .bat leaves it, before and after it is adopted: the vector is the same."""
    (vector,) = (v for v in vectors() if v[0] == "Patched file")
    payload = make(
        tmp_path / "e", {key: vector[1][key] for key in ("platform", "files", "records")}
    )
    assert payload.patched == {}
    assert packages_lines(payload) == vector[2]
