"""Whatever lies where seal, table and records are, or cannot be read: a finding, no traceback."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import FILES, SEAL
from sealenv.system.files import MOST
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


@pytest.mark.parametrize(
    "fields",
    [
        {"prefix": "a\0b"},
        {"spec": {"packages": 3}},
        {"activation": ["../activate.sh"]},
        {"lock": {"digest": "", "packages": ["", "#", "x"], "wheels": ["", "#", "x#y"]}},
    ],
)
def test_a_seal_that_says_what_cannot_be(
    warm_machine: Machine, prefix: Path, fields: dict[str, Any]
) -> None:
    change_seal(prefix, **fields)
    verify(prefix)
    for words in (("list",), ("info", "e"), ("repair", "e"), ("seal", "e", "-d")):
        done = warm_machine.run(*words, code=None)
        assert done.returncode in {0, 1, 7}, (words, done.stderr)
        assert "Traceback" not in done.stderr


Columns = dict[str, Any]


def parts_of(data: bytes) -> Columns:
    """A file table taken apart as docs/reference/seal.md has it."""
    name, schema, count = struct.unpack_from("<8sII", data)
    digests, paths = 16 + 32 * count, 16 + 64 * count
    return {
        "name": name, "schema": schema, "count": count,
        "statuses": data[16:digests], "digests": data[digests:paths], "paths": data[paths:],
    }  # fmt: skip


def change_table(prefix: Path, **parts: Any) -> None:
    """With the digest in the seal changed to match."""
    table = parts_of((prefix / FILES).read_bytes()) | parts
    head = struct.pack("<8sII", table["name"], table["schema"], table["count"])
    data = head + table["statuses"] + table["digests"] + table["paths"]
    (prefix / FILES).write_bytes(data)
    change_seal(prefix, files=hashlib.sha256(data).hexdigest())


def status(mode: int = 0o100644, time: int = 1, inode: int = 1, size: int = 1) -> bytes:
    return struct.pack("<QQQQ", mode, time, inode, size)


ONE: Columns = {"count": 1, "statuses": status(), "digests": bytes(32), "paths": b"a"}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"schema": 9}, "schema 9"),
        ({"statuses": status()}, "different lengths"),
        ({"paths": b""}, "different lengths"),
        (ONE | {"statuses": status(0o644)}, "a mode that cannot be"),
    ],
)
def test_a_table_that_cannot_be(prefix: Path, parts: Columns, why: str, fast: bool) -> None:
    change_table(prefix, **parts)
    (found,) = [f for f in verify(prefix, fast=fast).findings if f.path == FILES]
    assert found.kind == "record"
    assert why in found.detail


@pytest.mark.parametrize("at", [0, -1])
def test_a_table_with_a_rotten_bit(prefix: Path, warm_machine: Machine, at: int) -> None:
    """Whichever it is."""
    data = bytearray((prefix / FILES).read_bytes())
    data[at] ^= 1
    (prefix / FILES).write_bytes(data)
    for fast in (True, False):
        assert ("record", FILES) in kinds(prefix, fast=fast)
    warm_machine.run("repair", "e", code=None)
    warm_machine.run("seal", "e", "--yes")
    assert ("record", FILES) not in kinds(prefix)


@pytest.mark.parametrize("path", ["../x", "/x"])
def test_a_table_that_leads_out(prefix: Path, path: str) -> None:
    change_table(prefix, **ONE | {"paths": path.encode()})
    for fast in (True, False):
        assert ("record", FILES) in kinds(prefix, fast=fast)


@pytest.mark.parametrize("where", [SEAL, FILES])
def test_an_absurd_size_is_not_read(prefix: Path, where: str) -> None:
    """Sparse: nothing is written."""
    with (prefix / where).open("r+b") as file:
        file.truncate(3 * MOST)
    (found,) = [f for f in verify(prefix).findings if f.kind == "record"]
    assert found.path == where
    assert "MiB" in found.detail


@pytest.mark.parametrize("fast", [True, False])
def test_a_folder_that_cannot_be_read(
    prefix: Path, monkeypatch: pytest.MonkeyPatch, fast: bool
) -> None:
    (prefix / "mine").mkdir()
    real = os.scandir

    def fake_scandir(path: Any) -> Any:
        if os.fsdecode(path).endswith("/mine"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", fake_scandir)
    (prefix / "touched").write_text("")
    assert kinds(prefix, fast=fast) == {("unreadable", "mine"), ("untracked", "touched")}
