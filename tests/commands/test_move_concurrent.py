"""Two moves at once: one wins, and the other environment stays whole."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import State, state_of
from sealenv.prefix.exclusive import exclusive, unchanged
from sealenv.seals.seal import read_seal
from tests.channel import Channels
from tests.commands.test_concurrent import _waiting_package, finish
from tests.machine import Machine, tiny

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="link scripts of a POSIX shell")
_DEADLINE = 60.0


def ends_of(*processes: subprocess.Popen[str]) -> list[tuple[int, dict[str, object]]]:
    ends = [finish(process) for process in processes]
    return [(code, json.loads(said[: said.rindex("}") + 1])) for code, said in ends]


def is_whole(prefix: Path) -> bool:
    return read_seal(prefix).prefix == str(prefix) and not verify(prefix).findings


@pytest.mark.parametrize("option", [(), ("--copy",)])
def test_two_moves_of_one_environment(
    machine: Machine, channels: Channels, option: tuple[str, ...]
) -> None:
    machine.tiny("e", channels.main_url, "prio", "dated")
    both = [machine.start("move", "e", name, "--json", *option) for name in ("one", "two")]
    ends = ends_of(*both)
    places = [machine.envs / "one", machine.envs / "two"]
    won = [place for place, (code, _) in zip(places, ends, strict=True) if code == 0]
    assert len(won) == 1, ends
    loser = next(answer for code, answer in ends if code)
    assert loser["error"] in {"prefix-locked", "prefix", "not-found", "prefix-pending"}, loser
    assert is_whole(won[0])
    assert [place for place in places if state_of(place) is State.SEALED] == won
    assert not (machine.envs / "e").exists()


def test_a_create_works_at_the_destination(machine: Machine, channels: Channels) -> None:
    """The create is held at a stalled link script, so that the move surely comes in between."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    gate = machine.root / "gate"
    slow = _waiting_package(machine.root / "served", gate)
    first = machine.start("create", "there", "-c", slow, "--json", *tiny("waits"))
    end = time.monotonic() + _DEADLINE
    while not gate.with_name("reached").exists():
        assert time.monotonic() < end
        assert first.poll() is None
        time.sleep(0.01)
    for command in ("move", "clone"):
        answer = machine.json(command, "e", "there", code=7)
        assert answer["error"] in {"prefix-exists", "prefix-locked"}
    assert is_whole(machine.envs / "e")
    gate.write_text("")
    assert finish(first)[0] == 0
    assert is_whole(machine.envs / "there")


@pytest.mark.parametrize("command", ["verify", "audit"])
def test_findings_are_refused_while_another_process_works(
    machine: Machine, channels: Channels, command: str
) -> None:
    machine.tiny("e", channels.main_url, "prio", "dated")
    prefix = machine.envs / "e"
    shutil.move(prefix, machine.envs / "moved")  # by hand: both have something to say
    with exclusive(machine.envs / "moved"):
        during = machine.json(command, "moved", code=7)
    assert during["error"] == "prefix-locked"
    machine.json(command, "moved", code=1)


def test_a_clone_locks_the_original(machine: Machine, channels: Channels) -> None:
    """And what is being changed is not cloned."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    with unchanged(machine.envs / "e"):
        assert machine.json("move", "e", "there", code=7)["error"] == "prefix-locked"
        assert machine.json("remove", "e", "--yes", code=7)["error"] == "prefix-locked"
        machine.json("clone", "e", "one")
    with exclusive(machine.envs / "e"):
        assert machine.json("clone", "e", "two", code=7)["error"] == "prefix-locked"
    assert is_whole(machine.envs / "e")
