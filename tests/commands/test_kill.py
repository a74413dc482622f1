"""Invariant 2: at every instant, also after `kill -9`, a prefix is sealed or visibly pending."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import MARKER, State, state_of
from sealenv.prefix.pending import is_locked
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine, alive, children_of, tiny

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to find the engine")

PACKAGES = tiny("python", "pip")
POINTS = {"group": 6, "parent": 3, "engine": 3}
_DEADLINE = 30.0


@pytest.fixture(scope="module")
def usual_seconds(
    warm_cache: Path, demo_channel: DemoChannel, tmp_path_factory: pytest.TempPathFactory
) -> float:
    """How long an undisturbed create takes here; the kills are spread over it."""
    machine = Machine(tmp_path_factory.mktemp("usual"), cache=warm_cache)
    began = time.monotonic()
    machine.create("usual", demo_channel, *PACKAGES)
    return time.monotonic() - began


def engine_of(pid: int) -> int | None:
    """The child that runs the engine, if it has been started."""
    for child in children_of(pid):
        with contextlib.suppress(OSError):
            if b"sealenv.engine.worker" in Path(f"/proc/{child}/cmdline").read_bytes():
                return child
    return None


def strike(process: subprocess.Popen[str], target: str) -> None:
    """SIGKILL to the whole group, the parent alone, or the engine alone."""
    with contextlib.suppress(ProcessLookupError):  # a fast machine has finished by then
        if target == "group":
            os.killpg(process.pid, signal.SIGKILL)
        elif target == "parent":
            process.kill()
        elif engine := engine_of(process.pid):
            os.kill(engine, signal.SIGKILL)


def settle(process: subprocess.Popen[str], prefix: Path, engine: int | None) -> str:
    """Wait until nothing of the create is left; returns what it said."""
    said = process.communicate(timeout=_DEADLINE)[1]
    end = time.monotonic() + _DEADLINE
    while (engine and alive(engine)) or is_locked(prefix):
        assert time.monotonic() < end, "the engine or the lock outlived a killed parent"
        time.sleep(0.02)
    return said


@pytest.mark.slow
@pytest.mark.parametrize(
    ("target", "point"), [(target, n) for target, count in POINTS.items() for n in range(count)]
)
def test_killed_create_is_sealed_or_pending_and_is_replaced(
    warm_machine: Machine,
    demo_channel: DemoChannel,
    usual_seconds: float,
    target: str,
    point: int,
) -> None:
    machine = warm_machine
    neighbour = machine.envs / "neighbour"
    neighbour.mkdir(parents=True)
    (neighbour / "precious.txt").write_text("mine")
    prefix = machine.envs / "victim"
    args = ("create", "victim", "-c", demo_channel.url, "-y", *PACKAGES)
    began = time.monotonic()
    process = machine.start(*args)
    moment = usual_seconds * (point + 0.5) / POINTS[target]
    engine = None
    while process.poll() is None and time.monotonic() - began < moment:
        engine = engine or engine_of(process.pid)
        time.sleep(0.005)
    strike(process, target)
    said = settle(process, prefix, engine)

    state = state_of(prefix)
    assert state in {State.ABSENT, State.EMPTY, State.PENDING, State.SEALED}, said
    if state is State.PENDING:
        shown = {e["name"]: e for e in machine.json("list")["environments"]}
        assert shown["victim"]["state"] == "pending"
        refused = machine.run("run", "victim", "--", "true", code=125)
        assert "never finished" in refused.stderr
        for script in prefix.glob("activate.sh"):
            sourced = subprocess.run(
                ["sh", "-c", '. "$0"; echo "$CONDA_PREFIX"', str(script)],
                env=machine.env, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert sourced.stdout.strip() == "", "a pending environment could be activated"
    if state is State.SEALED:
        assert not verify(prefix).findings
        assert machine.run("run", "victim", "--", "python", "-c", "print(1)").stdout == "1\n"
    else:
        machine.run(*args)
    assert state_of(prefix) is State.SEALED
    assert not (prefix / MARKER).exists()
    assert not verify(prefix).findings
    assert (neighbour / "precious.txt").read_text() == "mine"
    kept = [str(path.relative_to(prefix)) for path in (prefix / "__home__").rglob("*")]
    assert not kept, "something of our own was taken for the user's"


def test_engine_killed_alone_is_reported_with_what_to_do(
    warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    process = warm_machine.start("create", "victim", "-c", demo_channel.url, "-y", *PACKAGES)
    end = time.monotonic() + _DEADLINE
    while (engine := engine_of(process.pid)) is None:
        assert time.monotonic() < end
        time.sleep(0.002)
    os.kill(engine, signal.SIGKILL)
    _, said = process.communicate(timeout=_DEADLINE)
    assert process.returncode == 6
    assert "the engine ended unexpectedly (signal SIGKILL)" in said
    assert "next:" in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_create_leaves_a_pending_prefix_and_says_so(
    warm_machine: Machine, demo_channel: DemoChannel, number: signal.Signals
) -> None:
    machine = warm_machine
    args = ("create", "victim", "-c", demo_channel.url, "-y", *PACKAGES)
    process = machine.start(*args)
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if line.startswith("pyc:"):
            break
    os.killpg(process.pid, number)
    said += process.communicate(timeout=_DEADLINE)[1]
    assert process.returncode == 130, said
    assert "interrupted: the environment is pending" in said
    assert "Traceback" not in said
    prefix = machine.envs / "victim"
    assert state_of(prefix) is State.PENDING
    assert not is_locked(prefix)
    machine.run(*args)
    assert not verify(prefix).findings
