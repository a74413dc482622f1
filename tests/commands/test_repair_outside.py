"""Nothing outside the environment is written, moved or read, whatever a record says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from sealenv.layout import FILES, SEAL
from tests.channel import Channels
from tests.machine import Machine

SHA256 = hashlib.sha256(b"evil\n").hexdigest()


@pytest.fixture
def prefix(warm_machine: Machine, channels: Channels) -> Path:
    return Path(warm_machine.tiny("e", channels.main_url, "prio")["prefix"])


def add(prefix: Path, *entries: dict[str, Any]) -> Path:
    record = prefix / "conda-meta" / "prio-1.0-0.json"
    content = json.loads(record.read_text())
    content["paths_data"]["paths"] += [{"path_type": "hardlink", **entry} for entry in entries]
    record.write_text(json.dumps(content))
    return record


@pytest.mark.parametrize("sealed", [True, False])
@pytest.mark.parametrize(
    "entry",
    [
        {"_path": "../victim.txt", "sha256": SHA256},
        {"_path": "share/taken", "original_path": "{outside}/victim.txt"},
    ],
)
def test_a_record_that_leads_out(
    warm_machine: Machine, prefix: Path, entry: dict[str, str], sealed: bool
) -> None:
    outside = prefix.parent
    (outside / "victim.txt").write_text("mine\n")
    (prefix / "victim.txt").write_text("evil\n")
    record = add(prefix, {k: v.replace("{outside}", str(outside)) for k, v in entry.items()})
    if not sealed:
        (prefix / SEAL).unlink()
        (prefix / FILES).unlink()
    found = warm_machine.json("verify", "e", code=1)["findings"]
    (told,) = [f for f in found if f["kind"] == "record"]
    assert told["path"] == f"conda-meta/{record.name}"
    assert "outside the environment" in told["detail"]
    warm_machine.json("repair", "e", "--offline", code=1)
    assert (outside / "victim.txt").read_text() == "mine\n"
    assert sorted(p.name for p in outside.iterdir()) == ["e", "victim.txt"]
    assert not (prefix / "share" / "taken").exists()
    assert "outside the environment" in warm_machine.json("info", "e")["problem"]
    warm_machine.json("seal", "e", "-y", code=7)
    for command in (
        ("diff", "e"), ("mirror", "e", "channel"), ("bundle", "e", "-o", "b.sealenv"),
        ("export", "e", "--format", "explicit", "-o", "e.txt"),
    ):  # fmt: skip
        answer = warm_machine.json(*command, code=7)
        assert answer["where"].endswith(record.name)
        assert "outside the environment" in answer["what"]
    assert not (warm_machine.root / "b.sealenv").exists()
