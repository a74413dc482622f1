"""`create --replace`: the old environment stays whole until everything that can fail is done."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from sealenv.layout import MARKER, SEAL, State, state_of
from tests.channel import Channels
from tests.machine import Machine, tiny

_DEADLINE = 30.0


@pytest.fixture
def prefix(machine: Machine, channels: Channels) -> Path:
    """An environment with a package `prio`, and with files of the user."""
    prefix = Path(machine.tiny("e", channels.main_url, "prio")["prefix"])
    (prefix / "notes.txt").write_text("mine")
    (prefix / "conda-meta" / "pinned").write_text("prio 1.*\n")
    (prefix / "__home__").mkdir(exist_ok=True)
    (prefix / "__home__" / "work.py").write_text("mine too")
    return prefix


def replacing(channels: Channels, *packages: str) -> tuple[str, ...]:
    return ("create", "e", "-c", channels.main_url, "-y", "--replace", *tiny(*packages))


def packages_in(prefix: Path) -> set[str]:
    return {path.name.rsplit("-", 2)[0] for path in (prefix / "conda-meta").glob("*.json")}


def assert_replaced(machine: Machine, prefix: Path) -> None:
    assert "dated" in packages_in(prefix)
    assert "prio" not in packages_in(prefix)
    kept = prefix / "__home__" / "kept-1"
    assert (kept / "notes.txt").read_text() == "mine"
    assert (kept / "conda-meta" / "pinned").read_text() == "prio 1.*\n"
    assert (prefix / "__home__" / "work.py").read_text() == "mine too"
    assert not (prefix / MARKER).exists()
    assert machine.json("verify", "e")["condition"] == "as made"


@pytest.mark.quick
def test_a_replaced_environment(machine: Machine, prefix: Path, channels: Channels) -> None:
    args = replacing(channels, "dated")
    without = [word for word in args if word != "--replace"]
    assert "--replace" in machine.json(*without, code=7)["hint"]
    edited = prefix / "share" / "prio" / "version.txt"
    edited.unlink()  # it is a hard link into the cache
    edited.write_text("my settings")
    done = machine.run(*args)
    assert f"environment    {prefix} (replaced)\n" in done.stderr
    assert "files that sealenv did not write: 3" in done.stderr
    assert_replaced(machine, prefix)
    kept = prefix / "__home__" / "kept-1" / "share" / "prio" / "version.txt"
    assert kept.read_text() == "my settings"


@pytest.mark.parametrize(("package", "code"), [("no-such-package", 4), ("hostile-link-outside", 6)])
def test_a_failure_leaves_the_old_one_whole(
    machine: Machine, prefix: Path, channels: Channels, package: str, code: int
) -> None:
    """In the solve, the download and the preflight."""
    before = machine.snapshot(machine.cache)
    machine.run(*replacing(channels, package), "-c", channels.hostile_url, code=code)
    assert machine.snapshot(machine.cache) == before


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
def test_a_kill_in_between(machine: Machine, prefix: Path, channels: Channels) -> None:
    """The old one is whole or visibly pending, and the same command finishes it."""
    args = replacing(channels, "dated")
    process = machine.start(*args)
    end = time.monotonic() + _DEADLINE
    while not (prefix / MARKER).exists():
        assert process.poll() is None
        assert time.monotonic() < end
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    assert state_of(prefix) is State.PENDING
    machine.run("run", "e", "--", "true", code=125)
    machine.run(*args)
    assert_replaced(machine, prefix)


def test_packages_of_pip_go_with_it(
    warm_machine: Machine, own_environment: Path, demo_channel: object
) -> None:
    url = demo_channel.url  # type: ignore[attr-defined]
    site = next((own_environment / "lib").glob("python3.*/site-packages"))
    info = site / "cowsay-1.0.dist-info"
    info.mkdir()
    (site / "cowsay.py").write_text("x = 1\n")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: cowsay\nVersion: 1.0\n")
    lines = ("cowsay.py,,", "cowsay-1.0.dist-info/METADATA,,", "cowsay-1.0.dist-info/RECORD,,")
    (info / "RECORD").write_text("".join(f"{line}\n" for line in lines))
    args = ["create", "-n", "e", "-c", url, "--replace", *tiny("python", "pip")]
    answer = warm_machine.json(*args)
    assert Path(answer["prefix"]) == own_environment
    assert not info.exists()
    assert not (own_environment / "__home__").exists()


def test_what_is_not_replaced(machine: Machine, prefix: Path, channels: Channels) -> None:
    """An environment of another tool, an active one, a frozen one, and one with others in it."""
    args = replacing(channels, "dated")
    refused = machine.run(*args, code=7, CONDA_PREFIX=str(prefix))
    assert "active in this shell" in refused.stderr
    (prefix / "conda-meta" / "frozen").write_text("{}")
    assert "remove it first" in machine.run(*args, code=7).stderr
    (prefix / "conda-meta" / "frozen").unlink()
    inner = prefix / "envs" / "inner" / "conda-meta"
    inner.mkdir(parents=True)
    (inner / "history").write_text("x\n")
    assert "holds other environments" in machine.run(*args, code=7).stderr
    (inner / "history").unlink()
    seal = (prefix / SEAL).read_bytes()
    (prefix / SEAL).unlink()
    assert "made by another tool" in machine.run(*args, code=7).stderr
    (prefix / SEAL).write_bytes(seal)
    assert packages_in(prefix) == {"prio"}
