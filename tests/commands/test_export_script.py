"""`sealenv export --format sh|bat`: the command line of it; tests/bootstrap runs what it writes."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.bootstrap.scripts import PINNED
from sealenv.seals.seal import read_seal
from tests.bootstrap.machine import payload, release, use_stand_in
from tests.channel import Channels, ChannelServer
from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="tests/windows has its own")

NONE = "0" * 64


@pytest.fixture
def prefix(machine: Machine, channels: Channels) -> Path:
    made = machine.tiny("small", channels.main_url, "hello-prefix", "archive-bz2")
    return Path(made["prefix"])


@pytest.fixture
def releases(tmp_path: Path, channels: Channels) -> Iterator[tuple[ChannelServer, str]]:
    """A server with a stand-in for micromamba, and its digest."""
    place = release(tmp_path / "releases", channels.subdir)
    digest = hashlib.sha256((place / f"micromamba-{channels.subdir}").read_bytes()).hexdigest()
    with ChannelServer(tmp_path / "releases") as server:
        yield server, digest


def test_an_environment_becomes_a_script_and_again_an_environment(
    machine: Machine, prefix: Path, releases: tuple[ChannelServer, str]
) -> None:
    server, digest = releases
    expected = payload(prefix)
    answer = machine.json("export", "small", "--format", "sh", "-o", "s.sh")
    script = machine.root / "s.sh"
    use_stand_in(script, digest)
    assert answer["output"] == str(script)
    assert "folders of this machine" in answer["notes"][0]
    assert stat.S_IMODE(script.stat().st_mode) & 0o111
    machine.run("remove", "small", "-y")
    env = machine.env | {"PY_ENVS": str(machine.envs), "MICROMAMBA_URL": server.base}
    subprocess.run([require_shell("dash"), script], env=env, cwd=machine.root, check=True)
    assert payload(prefix) == expected
    (found,) = machine.json("list", "--in", str(machine.envs))["environments"]
    assert (found["name"], found["state"]) == ("small", "foreign")
    machine.run("seal", "small", "-y")
    engine = read_seal(prefix).engine
    assert (engine.name, engine.sha256) == ("micromamba", digest)
    assert engine.version == PINNED.version


@pytest.mark.parametrize("where", ["u:p@conda.example.org", "conda.example.org/t/token"])
def test_addresses_with_credentials(machine: Machine, where: str) -> None:
    (machine.root / "list.txt").write_text(
        f"@EXPLICIT\nhttps://{where}/main/noarch/prio-1.0-0.conda#sha256:{NONE}\n"
    )
    done = machine.run("export", "list.txt", "--format", "sh", "-o", "s.sh", code=2)
    assert "credentials" in done.stderr
    assert "token" not in done.stderr
    assert not (machine.root / "s.sh").exists()
    left = machine.json("export", "list.txt", "--format", "explicit", "-o", "clean.txt")
    assert any("credentials" in note for note in left["notes"])


def test_usage(machine: Machine, prefix: Path) -> None:
    for words in (
        ("--format", "bat"),  # nothing in it runs on Windows
        ("--format", "sh", "--default-name", "a/b"),
        ("--format", "sh", "--platform", "osx-64"),
        ("--format", "explicit", "--default-name", "x"),
        ("--format", "sh", "--from-history"),
    ):
        machine.run("export", "small", *words, "-o", "out", code=2)
    assert not (machine.root / "out").exists()
    (machine.root / "there").write_text("mine")
    machine.run("export", "small", "--format", "sh", "-o", "there", code=2)
    assert (machine.root / "there").read_text() == "mine"
    machine.run("export", "small", "--format", "sh", "-o", "there", "--force")


def test_a_lock_for_several_platforms(machine: Machine, channels: Channels) -> None:
    lock = machine.root / "two.lock"
    machine.run(
        "lock", "prio", "-c", channels.main_url, "--platform", channels.subdir, "--platform", "win-64",
        "-o", str(lock),
    )  # fmt: skip
    done = subprocess.run(
        machine.command("export", str(lock), "--format", "bat"),
        env=machine.env, cwd=machine.root, capture_output=True, check=True,
    )  # fmt: skip
    script = done.stdout
    assert script.startswith(b"@echo off\r\n")
    assert b"\r\r\n" not in script
    assert b'set "ENV_NAME=two"\r\n' in script
    (line,) = [line for line in script.splitlines() if line.startswith(b"rem =package= ")]
    assert line.startswith(b"rem =package= prio-1.0-0 .conda ")
    pinned = PINNED.sha256["win-64"]
    assert f"MICROMAMBA_SHA256={pinned}".encode() in script


def test_what_pip_installed_is_named(machine: Machine, prefix: Path) -> None:
    """No record knows it, so it is not in the script: never without a word."""
    info = prefix / "lib" / "python3.11" / "site-packages" / "Some_Thing-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "INSTALLER").write_text("pip\n")
    (info / "RECORD").write_text("Some_Thing-1.0.dist-info/RECORD,,\n")
    words = ("--format", "sh", "-o", "s.sh")
    assert "some-thing-1.0" in machine.run("export", "small", *words).stderr
    notes = machine.json("bundle", "small")["notes"]
    assert any("some-thing-1.0" in note for note in notes)
    notes = machine.json("mirror", "small", "channel")["notes"]
    assert any("some-thing-1.0" in note for note in notes)
