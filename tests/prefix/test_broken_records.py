"""A damaged package record or seal: every command that reads it names the file."""

from __future__ import annotations

from pathlib import Path

import pytest

from sealenv.layout import SEAL
from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def broken(machine: Machine, channels: Channels) -> Path:
    """An environment whose record of `prio` ends in the middle."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    record = machine.envs / "e" / "conda-meta" / "prio-1.0-0.json"
    record.write_bytes(record.read_bytes()[:200])
    return record


def test_list_and_info_report_it(machine: Machine, broken: Path) -> None:
    (row,) = machine.json("list")["environments"]
    assert broken.name in row["problem"]
    assert broken.name in machine.json("info", "e")["problem"]
    assert broken.name in machine.run("list").stderr
    assert broken.name in machine.run("info", "e").stdout


def test_create_over_it_is_refused_and_remove_works(
    machine: Machine, channels: Channels, broken: Path
) -> None:
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
