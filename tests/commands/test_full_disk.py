"""A disk that fills up at many points of create: said in words, nothing half-made can be used."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import State, state_of
from sealenv.system.files import PART
from sealenv.tour.archive import Package, Payload, write_package, write_repodata
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny
from tests.micromamba import stand_in
from tests.shells import required

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts a tmpfs")
PACKAGES = tiny("python", "pip", "demo-hello")
Mount = Callable[..., Path]


def _mount(*args: str) -> str | None:
    """What `mount` complains about, None when it worked."""
    if os.geteuid() != 0:
        return "not root"
    done = subprocess.run(["mount", *args], capture_output=True, text=True, check=False)
    return done.stderr.strip() or "refused" if done.returncode else None


@pytest.fixture(scope="module")
def mount(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mount]:
    """Mounts small file systems; skips where that is not permitted."""
    mounted: list[Path] = []

    def make(size: int, inodes: int = 100_000) -> Path:
        place = tmp_path_factory.mktemp("disk")
        options = f"size={size},nr_inodes={inodes}"
        if problem := _mount("-t", "tmpfs", "-o", options, "sealenv-test", str(place)):
            if required("full-disk"):
                pytest.fail(problem)
            pytest.skip(f"no tmpfs can be mounted: {problem}")
        mounted.append(place)
        return place

    yield make
    for place in mounted:
        subprocess.run(["umount", "-l", str(place)], check=True)


def on(disk: Path, tmp_path: Path) -> Machine:
    """Cache and environments on the small disk, the rest elsewhere."""
    machine = Machine(tmp_path, cache=disk / "cache")
    machine.envs = disk / "envs"
    machine.env["SEALENV_ENVS"] = str(machine.envs)
    return machine


@pytest.fixture(scope="module")
def whole(
    mount: Mount, channels: Channels, tmp_path_factory: pytest.TempPathFactory
) -> tuple[int, int]:
    """Bytes and inodes that an undisturbed create takes."""
    disk = mount(1 << 30)
    machine = on(disk, tmp_path_factory.mktemp("whole"))
    machine.json("create", "e", "-c", channels.main_url, *PACKAGES)
    usage = os.statvfs(disk)
    return (usage.f_blocks - usage.f_bfree) * usage.f_frsize, usage.f_files - usage.f_ffree


def create_until_full(machine: Machine, channels: Channels, disk: Path, *, must: bool) -> None:
    command = ("create", "e", "-c", channels.main_url, *PACKAGES)
    prefix = machine.envs / "e"
    done = machine.run(*command, code=None)
    assert "Traceback" not in done.stderr
    if done.returncode == 0:
        assert not must
        assert not verify(prefix).findings
        return
    assert done.returncode == 9, done.stderr
    assert "the disk is full" in done.stderr
    assert "next:" in done.stderr
    assert state_of(prefix) in {State.ABSENT, State.EMPTY, State.PENDING}
    machine.run("run", "e", "--", "true", code=125)
    assert list(machine.tmp.iterdir()) == []
    assert _mount("-o", f"remount,size={1 << 30},nr_inodes=100000", str(disk)) is None
    machine.run(*command)
    assert state_of(prefix) is State.SEALED
    assert not verify(prefix).findings
    assert not (prefix / "__home__").exists()
    assert not list((machine.cache / "tmp").iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.0005, 0.4])
def test_no_room_for_bytes(
    tmp_path: Path, mount: Mount, channels: Channels, whole: tuple[int, int], share: float
) -> None:
    disk = mount(max(16384, int(whole[0] * share)))
    create_until_full(on(disk, tmp_path), channels, disk, must=True)


@pytest.mark.slow
def test_no_room_for_files(
    tmp_path: Path, mount: Mount, channels: Channels, whole: tuple[int, int]
) -> None:
    disk = mount(1 << 30, int(whole[1] * 0.75))
    create_until_full(on(disk, tmp_path), channels, disk, must=True)


def test_a_small_disk_of_its_own_is_refused_before_anything_is_written(
    mount: Mount, warm_cache: Path, channels: Channels, tmp_path: Path
) -> None:
    """The cache is on another file system: everything will be copied."""
    disk = mount(40 << 20)
    machine = Machine(tmp_path, cache=warm_cache)
    answer = machine.json(
        "create", "-p", str(disk / "e"), "-c", channels.main_url, *PACKAGES, code=9
    )
    assert "the disk is full" in answer["what"]
    assert list(disk.iterdir()) == []
    assert shutil.disk_usage(disk).used < 1 << 20


def test_a_part_of_a_write_is_not_taken_for_the_whole(machine: Machine, tmp_path: Path) -> None:
    """The kernel writes what fits and says how much; only the next write fails: here there is none."""
    noise = random.Random(1).randbytes(300_000)
    package = Package("noise", "1.0", (Payload("share/noise", data=noise),), noarch="generic")
    archive = write_package(package, tmp_path / "served" / "main" / "noarch")
    for subdir in ("noarch", "linux-64"):
        write_repodata(tmp_path / "served" / "main" / subdir)
    limit = archive.stat().st_size - 1
    with ChannelServer(tmp_path / "served") as server:
        args = ("create", "e", "-c", server.url(), *tiny("noise"))
        done = subprocess.run(
            [sys.executable, "-c", _LIMITED, str(limit), *machine.command(*args)],
            env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 9, done.stderr
        assert "too large" in done.stderr.lower()
        assert not list((machine.cache / "archives").glob("*/*"))
        machine.run(*args)


_LIMITED = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), resource.RLIM_INFINITY))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_the_file_that_does_not_fit_is_named(
    mount: Mount, channels: Channels, tmp_path: Path
) -> None:
    """Not the temporary one that it has until it is whole."""
    disk = mount(256 << 10)
    machine = Machine(tmp_path)
    machine.run("lock", "prio", "-c", channels.extra_url, "-o", "my.lock")
    subprocess.run(
        ["dd", "if=/dev/zero", f"of={disk / 'filler'}"], capture_output=True, check=False
    )
    for command, name in (
        (["lock", "-f", "my.lock", "-c", channels.extra_url], "x.lock"),
        (["export", "my.lock"], "y.lock"),
        (
            ["bundle", "my.lock", "--micromamba", f"linux-64={stand_in(tmp_path / 'micromamba')}"],
            "z.sealenv",
        ),
    ):
        error = machine.json(*command, "-o", str(disk / name), code=9)
        assert (error["what"], error["where"]) == ("the disk is full", str(disk / name))
    error = machine.json("mirror", "my.lock", str(disk / "channel"), code=9)
    assert error["what"] == "the disk is full"
    assert error["where"].startswith(str(disk / "channel"))
    assert PART not in error["where"]
    assert {path.name for path in disk.iterdir()} <= {"filler", "channel"}
