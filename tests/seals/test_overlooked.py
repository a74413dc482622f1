"""What verify has once let pass: each is a finding, with and without --fast."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sealenv.commands.verify import verify
from sealenv.layout import HISTORY
from sealenv.seals.findings import Finding
from tests.channel import Channels
from tests.machine import Machine

OWN = "share/own.txt"


@pytest.fixture
def made(machine: Machine, channels: Channels) -> tuple[Machine, Path]:
    """With a file of the user's that only the file table knows."""
    machine.tiny("e", channels.main_url, "prio", "dated")
    prefix = machine.envs / "e"
    (prefix / "share").mkdir(exist_ok=True)
    (prefix / OWN).write_text("mine\n")
    machine.json("seal", "e", "--yes")
    return machine, prefix


def both(prefix: Path) -> list[Finding]:
    """The findings, which `--fast` has too."""
    full, fast = verify(prefix).findings, verify(prefix, fast=True).findings
    assert [(f.kind, f.path) for f in full] == [(f.kind, f.path) for f in fast]
    return list(full)


def kinds(prefix: Path) -> list[tuple[str, str]]:
    return [(f.kind, f.path) for f in both(prefix)]


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_what_verify_once_let_pass(made: tuple[Machine, Path]) -> None:
    """A file that the table alone knows, and what steers conda: the history and a record's mode."""
    machine, prefix = made
    assert kinds(prefix) == []
    with (prefix / OWN).open("a") as file:
        file.write("more, and longer\n")
    assert kinds(prefix) == [("altered", OWN)]
    machine.json("seal", "e", "--yes")
    (prefix / HISTORY).unlink()
    assert kinds(prefix) == [("missing", HISTORY)]
    assert "an empty one" in machine.json("seal", "e", "--yes", code=7)["hint"]
    (prefix / HISTORY).touch()
    machine.json("seal", "e", "--yes")
    assert kinds(prefix) == []
    record = next((prefix / "conda-meta").glob("prio-*.json"))
    for path in (record, prefix / HISTORY):
        path.chmod(0o666)
    name = record.relative_to(prefix).as_posix()
    assert sorted(kinds(prefix)) == [("wrong-mode", HISTORY), ("wrong-mode", name)]
    machine.run("repair", "e")
    assert kinds(prefix) == []
