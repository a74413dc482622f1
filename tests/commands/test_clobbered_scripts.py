"""Where two packages ship one path, a script leaves the same one's file as create."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bootstrap.machine import release, use_stand_in
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny
from tests.micromamba import stand_in
from tests.shells import require_shell

NOTE = "share/hostile-clobber/note.txt"
PAIR = tiny("hostile-clobber-a", "hostile-clobber-b")


@pytest.fixture
def releases(tmp_path: Path, channels: Channels) -> Iterator[ChannelServer]:
    release(tmp_path / "releases", channels.subdir)
    with ChannelServer(tmp_path / "releases") as server:
        yield server


@pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")
def test_exported(
    machine: Machine, channels: Channels, releases: ChannelServer, tmp_path: Path
) -> None:
    machine.json("create", "e", "-c", channels.hostile_url, *PAIR)
    expected = (machine.envs / "e" / NOTE).read_text()
    machine.run("export", "e", "-o", "e.lock")
    assert not any("not in the cache" in n for n in export(machine, "e", "e.sh"))
    assert not any("not in the cache" in n for n in export(machine, "e.lock", "lock.sh"))
    machine.run("remove", "e", "-y")
    env = machine.env | {"PY_ENVS": str(machine.envs), "MICROMAMBA_URL": releases.base}
    for script in ("e.sh", "lock.sh"):
        made = machine.envs / script.removesuffix(".sh")
        use_stand_in(machine.root / script, digest(releases))
        command = [require_shell("dash"), script, made.name]
        subprocess.run(command, env=env, cwd=machine.root, check=True)
        assert (made / NOTE).read_text() == expected
    shutil.rmtree(machine.cache)
    assert any("not in the cache" in n for n in export(machine, "e.lock", "blind.sh"))


@pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")
def test_carried(machine: Machine, channels: Channels, tmp_path: Path) -> None:
    machine.json("create", "e", "-c", channels.hostile_url, *PAIR)
    expected = (machine.envs / "e" / NOTE).read_text()
    exe = stand_in(tmp_path / "micromamba", VERSION="2.9.0")
    machine.run("bundle", "e", "--micromamba", f"{channels.subdir}={exe}")
    folder = machine.root / "unpacked"
    folder.mkdir()
    subprocess.run(["tar", "-xf", machine.root / "e.sealenv", "-C", folder], check=True)
    target = machine.root / "made"
    subprocess.run(
        [require_shell("dash"), folder / "install.sh"],
        env=machine.env | {"ENV_PREFIX": str(target)}, cwd=machine.root, check=True,
    )  # fmt: skip
    assert (target / NOTE).read_text() == expected


def digest(releases: ChannelServer) -> str:
    import hashlib

    (found,) = (p for p in releases.root.glob("download/*/micromamba-*") if not p.suffix)
    return hashlib.sha256(found.read_bytes()).hexdigest()


def export(machine: Machine, what: str, out: str) -> list[str]:
    notes: list[str] = machine.json("export", what, "--format", "sh", "-o", out)["notes"]
    return notes
