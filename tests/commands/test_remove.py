"""Remove: only environments, never through a link, and repeatable."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealenv.layout import MARKER, State, state_of
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture
def made(own_environment: Path) -> Path:
    return own_environment


def test_it_is_gone_and_nothing_else_is(made: Path, warm_machine: Machine) -> None:
    neighbour = made.parent / "other"
    neighbour.mkdir()
    before = warm_machine.snapshot(made, warm_machine.tmp)
    answer = warm_machine.json("remove", "e", "-y")
    assert answer["removed"] == str(made)
    assert not os.path.lexists(made)
    assert warm_machine.snapshot(made, warm_machine.tmp) == before
    assert len(list((warm_machine.cache / "pkgs").glob("*.conda"))) > 3


def test_it_asks_and_without_a_terminal_it_needs_a_yes(made: Path, warm_machine: Machine) -> None:
    done = warm_machine.run("remove", "e", code=2)
    assert "-y" in done.stderr
    assert state_of(made) is State.SEALED


def test_a_link_is_refused(made: Path, warm_machine: Machine) -> None:
    link = made.parent / "link"
    link.symlink_to(made)
    answer = warm_machine.json("remove", str(link), "-y", code=7)
    assert "link" in answer["what"]
    assert state_of(made) is State.SEALED


def test_links_inside_are_not_followed(made: Path, warm_machine: Machine) -> None:
    outside = warm_machine.root / "outside"
    outside.mkdir()
    (outside / "precious").write_text("x")
    (made / "lib" / "out").symlink_to(outside)
    warm_machine.run("remove", "e", "-y")
    assert (outside / "precious").read_text() == "x"


def test_no_environment_is_refused(warm_machine: Machine) -> None:
    folder = warm_machine.root / "folder"
    folder.mkdir()
    (folder / "mine").write_text("x")
    warm_machine.json("remove", str(folder), "-y", code=7)
    warm_machine.json("remove", str(warm_machine.root), "-y", code=7)
    warm_machine.json("remove", "/", "-y", code=7)
    assert (folder / "mine").exists()


def test_a_frozen_one_needs_to_be_overridden(made: Path, warm_machine: Machine) -> None:
    (made / "conda-meta" / "frozen").write_text(json.dumps({"message": "ask the admin"}))
    answer = warm_machine.json("remove", "e", "-y", code=7)
    assert answer["details"] == ["ask the admin"]
    warm_machine.json("remove", "e", "-y", "--override-frozen")


def test_an_active_one_is_refused(made: Path, warm_machine: Machine) -> None:
    answer = warm_machine.json("remove", "e", "-y", code=7, CONDA_PREFIX=str(made))
    assert "active" in answer["what"]


def test_read_only_folders_of_packages_are_no_obstacle(made: Path, warm_machine: Machine) -> None:
    (made / "lib").chmod(0o555)
    (made / "bin").chmod(0o555)
    warm_machine.run("remove", "e", "-y")
    assert not made.exists()


def test_a_half_done_remove_is_pending_and_can_be_repeated(
    made: Path, warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    process = warm_machine.start("remove", "e", "-y")
    end = time.monotonic() + 30
    while not (made / MARKER).exists() and process.poll() is None:
        assert time.monotonic() < end
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    if made.exists():
        assert state_of(made) is State.PENDING
        warm_machine.run("run", "e", "--", "true", code=125)
        warm_machine.run("remove", "e", "-y")
    assert not made.exists()
    warm_machine.create("e", demo_channel, "--no-pyc")


def test_a_half_done_remove_can_be_replaced_by_a_create(
    made: Path, warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    """Half done by hand: the marker and the plan are there, and half of the files."""
    from sealenv.layout import walk
    from sealenv.prefix.pending import write_plan

    write_plan(made, [e.relative for e in walk(made) if not e.is_dir])
    (made / MARKER).write_text("removing\n")
    subprocess.run(["rm", "-rf", str(made / "lib")], check=True)
    warm_machine.create("e", demo_channel, "--no-pyc")
    assert not (made / "__home__").exists()
    warm_machine.run("verify", "e")


def test_an_empty_history_alone_is_no_environment(warm_machine: Machine) -> None:
    folder = warm_machine.root / "f"
    (folder / "conda-meta").mkdir(parents=True)
    (folder / "conda-meta" / "history").touch()
    (folder / "keep").write_text("mine")
    answer = warm_machine.json("remove", str(folder), "-y", code=7)
    assert "empty history" in answer["what"]
    assert (folder / "keep").read_text() == "mine"


def test_environments_inside_are_not_removed_with_it(made: Path, warm_machine: Machine) -> None:
    inner = made / "envs" / "science" / "conda-meta"
    inner.mkdir(parents=True)
    (inner / "history").touch()
    answer = warm_machine.json("remove", "e", "-y", code=7)
    assert answer["details"] == ["envs/science"]
    assert state_of(made) is State.SEALED


@pytest.mark.skipif(sys.platform != "linux", reason="running programs are told by /proc")
def test_a_running_program_is_not_pulled_away(made: Path, warm_machine: Machine) -> None:
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
        assert state_of(made) is State.SEALED
        warm_machine.json("remove", "e", "-y", "--force")
        assert not made.exists()
    finally:
        process.communicate()
