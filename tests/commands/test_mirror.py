"""`sealenv mirror`: a folder that py-rattler reads as a channel, from a disk, a web server and S3."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from sealenv.system.hashing import hash_file
from sealenv.tour.archive import Package, write_package, write_repodata, zstd
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX paths in URLs")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, channels: Channels) -> Path:
    """A folder with `my.lock`, its mirror, and the cache of both, made once."""
    machine = Machine(tmp_path_factory.mktemp("mirrors"))
    packages = ("hello-prefix", "archive-bz2", "prio")
    machine.run("lock", *packages, "-c", channels.main_url, "-o", "my.lock")
    machine.run("mirror", "my.lock", "mirror of ours")
    return machine.root


@pytest.fixture
def lock(machine: Machine, made: Path) -> Path:
    """The lock, and the archives in the cache."""
    shutil.copytree(made / "cache", machine.cache, symlinks=True)
    return Path(shutil.copy(made / "my.lock", machine.root))


@pytest.fixture
def new(machine: Machine) -> Path:
    """Where a mirror will be made."""
    return machine.root / "mirror of ours"


@pytest.fixture
def mirror(new: Path, made: Path) -> Path:
    """A mirror of the lock."""
    return Path(shutil.copytree(made / new.name, new, symlinks=True))


def index(mirror: Path, subdir: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((mirror / subdir / "repodata.json").read_bytes())
    return {**found["packages"], **found["packages.conda"]}


def compressed(mirror: Path, subdir: str) -> dict[str, Any]:
    data = (mirror / subdir / "repodata.json.zst").read_bytes()
    found: dict[str, Any] = json.loads(zstd.decompress(data))
    return {**found["packages"], **found["packages.conda"]}


def make(machine: Machine, url: str, name: str) -> dict[str, Any]:
    """An environment from that channel alone, with a cache that knows nothing."""
    return machine.json(
        "create", name, "-c", url, *tiny("hello-prefix", "archive-bz2"),
        SEALENV_CACHE=str(machine.root / f"cache of {name}"),
    )  # fmt: skip


def test_a_folder_and_a_web_server(
    machine: Machine, channels: Channels, lock: Path, new: Path
) -> None:
    answer = machine.json("mirror", str(lock), str(new))
    assert answer["packages"] == answer["added"] == 3
    assert machine.run("mirror", "-q", str(lock), str(new)).stdout == f"{new}\n"
    assert set(answer["indexed"]) == {"noarch", channels.subdir}
    original = index(channels.main, channels.subdir) | index(channels.main, "noarch")
    mirrored = index(new, channels.subdir) | index(new, "noarch")
    keys = ("depends", "sha256", "size", "md5", "build", "build_number", "version", "timestamp")
    for fn, record in mirrored.items():
        assert {k: record.get(k) for k in keys} == {k: original[fn].get(k) for k in keys}
    for subdir in ("noarch", channels.subdir):
        assert compressed(new, subdir) == index(new, subdir)
        assert (new / subdir / "repodata_shards.msgpack.zst").is_file()
    left = {p.name for p in new.rglob("*") if p.name.startswith(".")}
    assert left == {".sealenv-mirror"}
    by_file = make(machine, new.as_uri(), "one")
    with ChannelServer(new.parent) as server:
        by_web = make(machine, f"{server.base}/mirror%20of%20ours", "two")
    assert by_file["packages"] == by_web["packages"] == 2


def test_incremental(machine: Machine, channels: Channels, lock: Path, mirror: Path) -> None:
    before = index(mirror, "noarch")
    assert machine.json("mirror", str(lock), str(mirror))["added"] == 0
    assert index(mirror, "noarch") == before == compressed(mirror, "noarch")
    machine.tiny("more", channels.main_url, "env-vars")
    more = machine.json("mirror", str(lock), "more", str(mirror))
    assert (more["packages"], more["added"]) == (4, 1)
    assert "env-vars-1.0-0.conda" in index(mirror, "noarch")
    assert len(index(mirror, channels.subdir) | index(mirror, "noarch")) == 4


def test_another_archive_of_the_same_name(
    machine: Machine, channels: Channels, lock: Path, mirror: Path
) -> None:
    other = machine.root / "other"
    made = Package(name="prio", version="1.0", build="0", subdir="noarch", summary="x", payload=())
    write_package(made, other / "noarch")
    write_repodata(other / "noarch")
    second = machine.root / "second.lock"
    machine.run("lock", "prio", "-c", other.as_uri(), "-o", str(second))
    before = machine.snapshot(machine.cache)
    answer = machine.json("mirror", str(second), str(mirror), code=5)
    assert answer["error"] == "digest"
    assert "prio-1.0-0.conda" in answer["details"][0]
    assert machine.snapshot(machine.cache) == before
    (mirror / "noarch" / "repodata.json").write_text("[]")
    assert "index of the channel" in machine.run("mirror", str(lock), str(mirror), code=5).stderr


def test_places_that_are_not_ours(machine: Machine, lock: Path, mirror: Path) -> None:
    full = machine.root / "full"
    full.mkdir()
    (full / "thesis.txt").write_text("precious")
    (machine.root / "link").symlink_to(full)
    (machine.root / "file").write_text("")
    channel = machine.root / "channel" / "noarch"
    channel.mkdir(parents=True)
    write_repodata(channel)
    shutil.rmtree(mirror / "noarch")
    (mirror / "noarch").symlink_to(full)
    before = machine.snapshot(machine.cache)
    for path in ("full", "link", "file", "channel", mirror.name):
        machine.run("mirror", str(lock), str(machine.root / path), code=7)
    assert machine.snapshot(machine.cache) == before


def test_a_list_without_records_is_completed(
    machine: Machine, channels: Channels, new: Path
) -> None:
    """An @EXPLICIT list says nothing of dependencies: they come from the archive."""
    archive = channels.main / "noarch" / "wants-prio-1-1.0-0.conda"
    listed = machine.root / "list.txt"
    listed.write_text(f"@EXPLICIT\n{archive.as_uri()}#sha256:{hash_file(archive)[0]}\n")
    machine.run("mirror", str(listed), str(new))
    (record,) = index(new, "noarch").values()
    assert record["depends"] == index(channels.main, "noarch")[archive.name]["depends"]
