"""A full disk during a move: one environment is whole, and the same command finishes it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import State, state_of
from tests.channel import Channels
from tests.commands.test_full_disk import PACKAGES, Mount, _mount, mount, on
from tests.machine import Machine

__all__ = ["mount"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")


@pytest.fixture
def source(warm_cache: Path, channels: Channels, tmp_path: Path) -> Machine:
    """With an environment of python and pip."""
    machine = Machine(tmp_path, cache=warm_cache)
    machine.json("create", "e", "-c", channels.main_url, *PACKAGES)
    return machine


def files_of(prefix: Path) -> int:
    return sum(1 for _ in prefix.rglob("*"))


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.3, 0.995])
def test_no_room_for_files_of_a_copy(source: Machine, mount: Mount, share: float) -> None:
    old = source.envs / "e"
    disk = mount(1 << 30, max(4, int(files_of(old) * share)))
    new = disk / "e"
    done = source.run("move", "e", str(new), code=9)
    assert "the disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert f"{old} is as it was" in done.stderr
    assert not verify(old).findings
    assert state_of(new) in {State.ABSENT, State.EMPTY, State.PENDING}
    assert _mount("-o", f"remount,size={1 << 30},nr_inodes=100000", str(disk)) is None
    source.run("move", "e", str(new))
    assert not old.exists()
    assert not verify(new).findings
    assert not (new / "__home__").exists()


def test_a_small_disk_is_refused_before_copying(source: Machine, mount: Mount) -> None:
    disk = mount(8 << 20)
    answer = source.json("move", "e", str(disk / "e"), code=9)
    assert "the disk is full" in answer["what"]
    assert not verify(source.envs / "e").findings
    assert state_of(disk / "e") in {State.ABSENT, State.PENDING}
    assert os.statvfs(disk).f_bfree > 100


@pytest.mark.slow
@pytest.mark.parametrize("free", [0, 1])
def test_no_room_to_rewrite_after_the_rename(
    mount: Mount, channels: Channels, tmp_path: Path, free: int
) -> None:
    disk = mount(1 << 30)
    machine = on(disk, tmp_path)
    machine.json("create", "e", "-c", channels.main_url, *PACKAGES)
    usage = os.statvfs(disk)
    used = usage.f_files - usage.f_ffree
    assert _mount("-o", f"remount,nr_inodes={used + free}", str(disk)) is None
    done = machine.run("move", "e", "f", code=9)
    new = machine.envs / "f"
    assert "the disk is full" in done.stderr
    assert f"sealenv move --here {new}" in done.stderr
    machine.run("run", "f", "--", "true", code=125)
    assert [f.kind for f in verify(new).findings if f.kind == "moved"] == ["moved"]
    assert _mount("-o", "remount,nr_inodes=100000", str(disk)) is None
    machine.run("move", "--here", "f")
    assert not (machine.envs / "e").exists()
    assert not verify(new).findings
