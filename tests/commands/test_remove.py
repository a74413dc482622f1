"""Remove: only environments, never through a link, and repeatable after a kill."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealenv.layout import MARKER, State, state_of
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def made(machine: Machine, channels: Channels) -> Path:
    """A small environment without Python."""
    return Path(machine.tiny("e", channels.main_url, "prio", "dated")["prefix"])


def test_only_the_environment_is_removed(made: Path, machine: Machine) -> None:
    neighbour = made.parent / "other"
    neighbour.mkdir()
    before = machine.snapshot(made, machine.tmp)
    answer = machine.json("remove", "e", "-y")
    assert answer["removed"] == str(made)
    assert not os.path.lexists(made)
    assert machine.snapshot(made, machine.tmp) == before
    assert len(list((machine.cache / "pkgs").glob("*.conda"))) == 2


def test_refusals_leave_the_environment(made: Path, machine: Machine) -> None:
    assert "-y" in machine.run("remove", "e", code=2).stderr
    link = made.parent / "link"
    link.symlink_to(made)
    assert "link" in machine.json("remove", str(link), "-y", code=7)["what"]
    answer = machine.json("remove", "e", "-y", code=7, CONDA_PREFIX=str(made))
    assert "active" in answer["what"]
    inner = made / "envs" / "science" / "conda-meta"
    inner.mkdir(parents=True)
    (inner / "history").touch()
    answer = machine.json("remove", "e", "-y", code=7)
    assert answer["details"] == ["envs/science"]
    shutil.rmtree(made / "envs")
    (made / "conda-meta" / "frozen").write_text(json.dumps({"message": "ask the admin"}))
    answer = machine.json("remove", "e", "-y", code=7)
    assert answer["details"] == ["ask the admin"]
    assert state_of(made) is State.SEALED
    machine.json("remove", "e", "-y", "--override-frozen")
    assert not made.exists()


def test_links_inside_are_not_followed(made: Path, machine: Machine) -> None:
    outside = machine.root / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (made / "share" / "out").symlink_to(outside)
    machine.run("remove", "e", "-y")
    assert (outside / "precious").read_text() == "x"


def test_other_folders_are_refused(machine: Machine) -> None:
    folder = machine.root / "folder"
    folder.mkdir()
    (folder / "mine").write_text("x")
    machine.json("remove", str(folder), "-y", code=7)
    machine.json("remove", str(machine.root), "-y", code=7)
    machine.json("remove", "/", "-y", code=7)
    assert (folder / "mine").exists()


def test_a_killed_remove_leaves_a_pending_prefix_and_can_be_repeated(
    own_environment: Path, warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    process = warm_machine.start("remove", "e", "-y")
    end = time.monotonic() + 30
    while not (own_environment / MARKER).exists() and process.poll() is None:
        assert time.monotonic() < end
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if own_environment.exists():
        assert state_of(own_environment) is State.PENDING
        warm_machine.run("run", "e", "--", "true", code=125)
        warm_machine.run("remove", "e", "-y")
    assert not own_environment.exists()
    warm_machine.create("e", demo_channel, "--no-pyc")


def test_create_replaces_what_a_killed_remove_left(
    own_environment: Path, warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    """As if it was killed: the marker, the plan and half of the files are still there."""
    from sealenv.layout import walk
    from sealenv.prefix.pending import write_plan

    write_plan(own_environment, [e.relative for e in walk(own_environment) if not e.is_dir])
    (own_environment / MARKER).write_text("removing\n")
    subprocess.run(["rm", "-rf", str(own_environment / "lib")], check=True)
    warm_machine.create("e", demo_channel, "--no-pyc")
    assert not (own_environment / "__home__").exists()
    warm_machine.run("verify", "e")


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_running_program_is_refused_without_force(
    own_environment: Path, warm_machine: Machine
) -> None:
    program = "import sys; print(1, flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        warm_machine.command("run", "e", "--", "python", "-c", program),
        env=warm_machine.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        process.stdout.readline()
        answer = warm_machine.json("remove", "e", "-y", code=7)
        assert answer["details"][0].startswith(f"{process.pid} ")
        assert state_of(own_environment) is State.SEALED
        warm_machine.json("remove", "e", "-y", "--force")
        assert not own_environment.exists()
    finally:
        process.communicate()
