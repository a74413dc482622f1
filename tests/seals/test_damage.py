"""Whatever lies where seal, table and records are, or cannot be read: a finding, no traceback."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import FILES, SEAL
from sealenv.seals.seal import encode
from sealenv.seals.snapshot import FOLDER, Row
from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def prefix(warm_machine: Machine, channels: Channels) -> Path:
    return Path(warm_machine.tiny("e", channels.main_url, "prio")["prefix"])


def kinds(prefix: Path, *, fast: bool = False) -> set[tuple[str, str]]:
    return {(f.kind, f.path) for f in verify(prefix, fast=fast).findings}


def change_seal(prefix: Path, /, **fields: Any) -> None:
    seal = json.loads((prefix / SEAL).read_text())
    (prefix / SEAL).write_text(json.dumps(seal | fields))


def test_a_seal_of_other_bytes(warm_machine: Machine, prefix: Path) -> None:
    """Every command says so, and `list` shows the other environments."""
    (prefix / SEAL).write_bytes(b"\xff\xfe")
    shutil.copytree(prefix, prefix.with_name("other"), symlinks=True)
    assert kinds(prefix) == {("record", SEAL)}
    assert len(warm_machine.json("list")["environments"]) == 2
    assert "seal" in warm_machine.json("info", "e")["problem"]
    for words in (
        ("repair", "e"),
        ("seal", "e", "-y"),
        ("export", "e", "-o", "x.lock"),
        ("diff", "e", "other"),
        ("bundle", "e", "-o", "x.sealenv"),
    ):
        done = warm_machine.run(*words, code=None)
        assert done.returncode in {0, 1, 7}, (words, done.stderr)
        assert "Traceback" not in done.stderr


def test_a_table_that_leads_out(prefix: Path) -> None:
    """It is the one that the seal names, and names a path outside."""
    data = encode([Row("../x", FOLDER, 0o755, 0, 0, 0)])
    (prefix / FILES).write_bytes(data)
    change_seal(prefix, files=hashlib.sha256(data).hexdigest())
    for fast in (True, False):
        assert ("record", FILES) in kinds(prefix, fast=fast)


def test_a_table_with_a_rotten_bit(prefix: Path, warm_machine: Machine) -> None:
    data = bytearray((prefix / FILES).read_bytes())
    data[-1] ^= 1
    (prefix / FILES).write_bytes(data)
    for fast in (True, False):
        assert ("record", FILES) in kinds(prefix, fast=fast)
    warm_machine.run("repair", "e", code=None)
    warm_machine.run("seal", "e", "--yes")
    assert ("record", FILES) not in kinds(prefix)
