"""`list` and `info`: every state of an environment, and nothing is written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

import sealenv
from sealenv.layout import MARKER
from tests.channel import Channels
from tests.machine import Machine


def test_every_state(machine: Machine, channels: Channels) -> None:
    sealed = Path(machine.tiny("e", channels.main_url, "prio")["prefix"])
    (machine.envs / "half" / "conda-meta").mkdir(parents=True)
    (machine.envs / "half" / MARKER).write_text("t\n")
    (machine.envs / "conda's" / "conda-meta").mkdir(parents=True)
    (machine.envs / "conda's" / "conda-meta" / "history").touch()
    (machine.envs / "folder").mkdir()
    (machine.envs / "file").touch()
    (machine.envs / "link").symlink_to(sealed)
    before = machine.snapshot()
    rows = {e["name"]: e for e in machine.json("list", "--size")["environments"]}
    assert {n: e["state"] for n, e in rows.items()} == {
        "e": "sealed", "half": "pending", "conda's": "foreign",
    }  # fmt: skip
    assert rows["e"]["bytes"] > 10_000
    assert not rows["half"]["busy"]
    folder, headings, *shown = machine.run("list").stdout.splitlines()
    assert folder == str(machine.envs)
    assert headings.split() == ["NAME", "PYTHON", "PACKAGES", "STATE"]
    assert max(map(len, shown)) < 80
    assert machine.snapshot() == before


def test_an_unreadable_folder(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed."""
    (machine.envs / "e").mkdir(parents=True)

    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "the folder cannot be read", str(folder))

    monkeypatch.setattr("sealenv.commands.environments.state_of", refuse)  # root reads all
    (row,) = sealenv.list([machine.envs])
    assert (row.name, row.state) == ("e", "unreadable")
    assert "cannot be read" in (row.problem or "")


def test_all_folders_are_listed(machine: Machine, channels: Channels) -> None:
    other = machine.root / "old"
    machine.tiny("a", channels.main_url, "prio", SEALENV_ENVS=str(other))
    found = machine.json("list", PY_ENVS=str(other))["environments"]
    assert [e["prefix"] for e in found] == [str(other / "a")]
    assert machine.run("run", "a", "--", "true", PY_ENVS=str(other)).stdout == ""
    found = machine.json("list", "--in", str(other))["environments"]
    assert len(found) == 1


def test_info(warm_machine: Machine, shared_environment: Path, python_minor: str) -> None:
    answer = warm_machine.json("info", str(shared_environment))
    assert answer["state"] == "sealed"
    requested = {p["name"]: p["requested"] for p in answer["package_list"]}
    assert requested["python"] == [f"python={python_minor}"]
    shown = warm_machine.run("info", str(shared_environment), "--packages").stdout
    assert answer["seal"]["lock"]["digest"] in shown
    assert "stand_in" in shown
    missing = warm_machine.json("info", "nope", code=7)
    assert missing["error"] == "not-found"


def test_a_folder_of_that_name_is_suggested(machine: Machine) -> None:
    (machine.root / "e1").mkdir()
    done = machine.run("verify", "e1", code=None)
    assert done.returncode
    assert os.path.join(".", "e1") in done.stderr
