"""`list` and `info`: the environments and their states; nothing is written."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from sealenv.commands.environments import list_environments
from sealenv.layout import MARKER, state_of
from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import Machine


def test_every_state_is_told(
    warm_machine: Machine, own_environment: Path, demo_channel: DemoChannel
) -> None:
    machine = warm_machine
    (machine.envs / "half" / "conda-meta").mkdir(parents=True)
    (machine.envs / "half" / MARKER).write_text("t\n")
    (machine.envs / "conda's" / "conda-meta").mkdir(parents=True)
    (machine.envs / "conda's" / "conda-meta" / "history").touch()
    (machine.envs / "folder").mkdir()
    (machine.envs / "file").touch()
    (machine.envs / "link").symlink_to(own_environment)
    before = machine.snapshot()
    rows = {e["name"]: e for e in machine.json("list")["environments"]}
    assert {n: e["state"] for n, e in rows.items()} == {
        "e": "sealed", "half": "pending", "conda's": "foreign",
    }  # fmt: skip
    assert rows["e"]["python"] == demo_channel.python_version
    assert rows["e"]["bytes"] > 10_000_000
    assert not rows["half"]["busy"]
    shown = machine.run("list").stdout
    assert shown.splitlines()[0].split() == ["NAME", "STATE", "PYTHON", "SIZE", "AGE", "FOLDER"]
    assert machine.snapshot() == before


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
@pytest.mark.parametrize("closed", [".", "conda-meta"])
def test_a_folder_that_may_not_be_read(
    machine: Machine, closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed; the message names the folder."""
    prefix = machine.envs / "e"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    if os.geteuid() == 0:  # who may read everything
        real = Path.exists

        def fake_exists(self: Path) -> bool:
            if self == prefix / MARKER:
                raise PermissionError(errno.EACCES, "Permission denied", str(self))
            return real(self)

        monkeypatch.setattr(Path, "exists", fake_exists)
        monkeypatch.setattr(os, "access", lambda path, mode: closed != ".")
    else:
        (prefix / closed).chmod(0)
    try:
        with pytest.raises(PermissionError) as caught:
            state_of(prefix)
        (row,) = list_environments([machine.envs])
    finally:
        if os.geteuid():
            (prefix / closed).chmod(0o700)
    assert caught.value.filename == str(prefix / closed)
    assert (row.name, row.state) == ("e", "unreadable")
    assert "cannot be read" in (row.problem or "")


def test_all_folders_are_looked_at(machine: Machine, channels: Channels) -> None:
    other = machine.root / "old"
    machine.tiny("a", channels.main_url, "prio", SEALENV_ENVS=str(other))
    found = machine.json("list", "--no-size", PY_ENVS=str(other))["environments"]
    assert [e["prefix"] for e in found] == [str(other / "a")]
    assert machine.run("run", "a", "--", "true", PY_ENVS=str(other)).stdout == ""
    found = machine.json("list", "--no-size", "--in", str(other))["environments"]
    assert len(found) == 1


def test_nothing_is_there(machine: Machine) -> None:
    done = machine.run("list")
    assert done.stdout == ""
    assert str(machine.envs) in done.stderr
    assert machine.json("list") == {"environments": []}


def test_info(warm_machine: Machine, demo_channel: DemoChannel, python_minor: str) -> None:
    made = warm_machine.json("create", "e", python_minor, "-c", demo_channel.url, "--no-pyc")
    name = Path(made["prefix"]).name
    answer = warm_machine.json("info", name)
    assert answer["state"] == "sealed"
    assert answer["seal"]["lock"]["digest"] == made["lock_digest"]
    asked = {p["name"]: p["requested"] for p in answer["package_list"]}
    assert asked["python"] == [f"python={python_minor}"]
    shown = warm_machine.run("info", name, "--packages").stdout
    assert made["lock_digest"] in shown
    assert "stand_in" in shown
    missing = warm_machine.json("info", "nope", code=7)
    assert missing["error"] == "not-found"


def test_a_closed_pipe_is_no_finding(warm_machine: Machine) -> None:
    import subprocess

    command = warm_machine.command("list", "--json")
    process = subprocess.Popen(
        command, env=warm_machine.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(30) == 141
    assert said == ""


def test_a_folder_of_that_name_beside_is_mentioned(machine: Machine) -> None:
    (machine.root / "e1").mkdir()
    done = machine.run("verify", "e1", code=None)
    assert done.returncode
    assert os.path.join(".", "e1") in done.stderr
