"""Several at once: on one prefix one wins; a shared cache is right for all and fetches once."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import State, state_of
from sealenv.system.filelock import FileLock
from tests.channel import Channels, ChannelServer
from tests.machine import Machine, tiny

_DEADLINE = 60.0


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    out, err = process.communicate(timeout=_DEADLINE)
    return process.returncode, out + err


def test_two_creates_of_one_prefix(machine: Machine, channels: Channels) -> None:
    args = ("create", "e", "-c", channels.main_url, "--json", *tiny("prio", "dated"))
    both = [machine.start(*args) for _ in range(2)]
    ends = [finish(process) for process in both]
    codes = sorted(code for code, _ in ends)
    assert codes == [0, 7], ends
    loser = next(json.loads(said) for code, said in ends if code == 7)
    assert loser["error"] in {"prefix-locked", "prefix-exists"}
    assert state_of(machine.envs / "e") is State.SEALED
    assert not verify(machine.envs / "e").findings


def test_the_second_comes_while_the_first_works(machine: Machine, channels: Channels) -> None:
    """The first is held at a stalled link script, so that the second surely comes in between."""
    gate = machine.root / "gate"
    slow = _waiting_package(machine.root / "served", gate)
    first = machine.start("create", "e", "-c", slow, "--json", *tiny("waits"))
    end = time.monotonic() + _DEADLINE
    while not gate.with_name("reached").exists():
        assert time.monotonic() < end
        assert first.poll() is None
        time.sleep(0.01)
    answer = machine.tiny("e", channels.main_url, "prio", code=7)
    assert answer["error"] == "prefix-locked"
    shown = machine.json("list")["environments"]
    assert [(e["state"], e["busy"]) for e in shown] == [("pending", True)]
    machine.run("remove", "e", "-y", code=7)
    machine.run("cache", "clean", "--all", "-y", code=9)
    gate.write_text("")
    assert finish(first)[0] == 0
    assert not verify(machine.envs / "e").findings
    machine.run("cache", "clean", "--all", "-y")


def _waiting_package(folder: Path, gate: Path) -> str:
    """A channel with a package whose post-link script waits until the gate is there."""
    from sealenv.tour.archive import Package, Payload, write_package, write_repodata

    script = f"touch '{gate.with_name('reached')}'\nwhile [ ! -e '{gate}' ]; do sleep 0.02; done\n"
    payload = Payload("bin/.waits-post-link.sh", script.encode(), executable=True)
    write_package(Package("waits", "1.0", (payload,), noarch="generic"), folder / "noarch")
    write_repodata(folder / "noarch")
    write_repodata(folder / "linux-64")
    return folder.as_uri()


def test_three_creates_fetch_each_archive_once(machine: Machine, channels: Channels) -> None:
    packages = ("prio", "dated", "demo-notes", "activate-hooks", "env-vars", "undated")
    with ChannelServer(channels.root) as server:
        # Slow enough that all three want the same archives at the same time.
        server.fail("*.conda", rate=4000)
        args = ("-c", server.url(), "--json", *tiny(*packages))
        all_three = [machine.start("create", f"e{n}", *args) for n in range(3)]
        ends = [finish(process) for process in all_three]
    assert [code for code, _ in ends] == [0, 0, 0], ends
    for number in range(3):
        assert not verify(machine.envs / f"e{number}").findings
    fetched = Counter(path for method, path, _ in server.answers if path.endswith(".conda"))
    assert len(fetched) == len(packages)
    assert set(fetched.values()) == {1}, fetched


def test_a_create_waits_for_a_clean(machine: Machine, channels: Channels) -> None:
    machine.tiny("one", channels.main_url, "prio")
    with FileLock(machine.cache / "locks" / "store").alone() as free:
        assert free
        process = machine.start("create", "two", "-c", channels.main_url, "-q", *tiny("prio"))
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1.5)
        assert not (machine.envs / "two").exists()
    assert finish(process)[0] == 0
