"""`sealenv bundle`: what is damaged, hostile, stopped, or named wrongly."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import msgspec
import pytest

from sealenv.locks import Lock, LockedPackage, LockFile
from sealenv.store.bundle_format import LOCK, Source, member_name, write_bundle
from sealenv.system.hashing import hash_file
from tests.channel import Channels
from tests.machine import Machine

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")


@pytest.fixture
def lock(machine: Machine, channels: Channels) -> Path:
    path = machine.root / "my.lock"
    machine.run("lock", "hello-prefix", "prio", "-c", channels.main_url, "-o", str(path))
    return path


def spoil(machine: Machine, name: str) -> Path:
    (archive,) = machine.cache.glob(f"archives/*/{name}-*.conda")
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 1
    archive.write_bytes(data)
    return archive


def test_what_is_damaged_in_the_cache_is_fetched_anew(machine: Machine, lock: Path) -> None:
    first = machine.json("bundle", str(lock), "-o", "one.sealenv")
    archive = spoil(machine, "prio")
    again = machine.json("bundle", str(lock), "-o", "two.sealenv")
    assert again["sha256"] == first["sha256"]
    assert hash_file(archive)[0] == archive.parent.name
    assert sorted(p.name for p in machine.root.glob("*.sealenv")) == ["one.sealenv", "two.sealenv"]


@pytest.mark.parametrize(
    "name",
    ["hostile-link-absolute", "hostile-link-through", "hostile-conda-meta", "hostile-renamed"],
)
def test_a_hostile_archive_inside_leaves_nothing(
    machine: Machine, channels: Channels, name: str
) -> None:
    """The bundle is sound in itself: its maker gave the right digests."""
    (archive,) = channels.hostile.glob(f"*/{name}-*.conda")
    data = archive.read_bytes()
    index = json.loads((archive.parent / "repodata.json").read_bytes())
    evil = LockedPackage(
        url=f"https://x.org/noarch/{archive.name}",
        channel="https://x.org/",
        fn=archive.name,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        record=index["packages.conda"][archive.name],
    )
    file = LockFile(
        locks=(Lock(platform="linux-64", channels=(), packages=(evil,), specs=(name,)),), name="e"
    )
    sources = [
        Source(member_name(evil), data=data),
        Source(LOCK, data=msgspec.json.encode(file)),
    ]
    path = machine.root / "evil.sealenv"
    write_bundle(path, sources, lambda done, total: None)
    answer = machine.json("create", "e", "-f", str(path), "--offline", code=6)
    assert answer["what"].startswith("the bundle is refused: ")
    assert "channel" not in answer["hint"]
    assert not list(machine.cache.rglob("*.conda"))
    assert not list((machine.cache / "archives").iterdir())
    assert not list((machine.cache / "tmp").iterdir())
    assert not (machine.envs / "e").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-o", "-"), "standard output"),
        (("--default-name", "a/b"), "name"),
        (("--default-name", "", "-o", "x"), "must not be empty"),
    ],
)
def test_names_that_cannot_be(
    machine: Machine, lock: Path, words: tuple[str, ...], said: str
) -> None:
    before = sorted(machine.root.iterdir())
    answer = machine.json("bundle", str(lock), *words, code=2)
    assert said in answer["what"]
    assert sorted(machine.root.iterdir()) == before
