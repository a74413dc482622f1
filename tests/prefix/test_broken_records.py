"""A damaged package record or seal: every command that reads it names the file."""

from __future__ import annotations

from sealenv.layout import SEAL
from tests.channel import Channels
from tests.machine import Machine


def test_a_broken_record_is_reported(machine: Machine, channels: Channels) -> None:
    """A create over it is refused, and remove works."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    record = machine.envs / "e" / "conda-meta" / "prio-1.0-0.json"
    record.write_bytes(record.read_bytes()[:200])
    (row,) = machine.json("list")["environments"]
    assert record.name in row["problem"]
    assert record.name in machine.json("info", "e")["problem"]
    assert record.name in machine.run("list").stderr
    assert record.name in machine.run("info", "e").stdout
    before = (machine.envs / "e" / SEAL).read_bytes()
    answer = machine.tiny("e", channels.main_url, "prio", code=7)
    assert answer["error"] == "prefix-exists"
    assert (machine.envs / "e" / SEAL).read_bytes() == before
    machine.run("remove", "e", "-y")
    assert not (machine.envs / "e").exists()


def test_a_broken_seal_is_reported(machine: Machine, channels: Channels) -> None:
    machine.tiny("e", channels.main_url, "prio")
    (machine.envs / "e" / SEAL).write_text("{")
    (row,) = machine.json("list")["environments"]
    assert "seal" in row["problem"]
    assert row["state"] == "unreadable"
    machine.tiny("e", channels.main_url, "prio", code=7)
    machine.run("remove", "e", "-y")
