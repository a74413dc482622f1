"""Files that can be read only once: `-f /dev/stdin`, `-f <(command)`."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="no /dev/stdin")
IN = "/dev/stdin"


@pytest.fixture
def manifest(channels: Channels) -> str:
    """An environment.yml."""
    return f"name: piped\nchannels: ['{channels.main_url}']\ndependencies: [dated]\n"


@pytest.fixture
def lock(machine: Machine, manifest: str) -> str:
    """A lock of it; no file of it is left."""
    return machine.run("lock", "-f", IN, "-o", "-", stdin=manifest).stdout


def substituted(machine: Machine, command: str) -> str:
    """Run `sealenv COMMAND` in bash, where `<(...)` is a pipe."""
    line = f"{shlex.join(machine.command())} {command}"
    return subprocess.run(
        [require_shell("bash"), "-c", line], env=machine.env, cwd=machine.root, check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_create(machine: Machine, manifest: str, lock: str) -> None:
    for name, text in (("a", manifest), ("b", lock)):
        assert machine.json("create", name, "-f", IN, stdin=text)["packages"] == 1
    (machine.root / "m.yml").write_text(manifest)
    made = json.loads(substituted(machine, "create --json -f <(cat m.yml)"))
    assert made["prefix"] == str(machine.envs / "piped")


def test_lock(machine: Machine, manifest: str, lock: str) -> None:
    machine.run("lock", "-f", IN, stdin=manifest)
    assert (machine.root / "piped.lock").read_text() == lock
    machine.run("lock", "-f", IN, stdin=manifest.replace("name: piped\n", ""))
    assert (machine.root / "sealenv.lock").is_file()
    done = machine.json("lock", "-f", IN, "-o", "again.lock", stdin=lock)
    assert done["locks"][0]["specs"] == ["dated"]


def test_export(machine: Machine, lock: str) -> None:
    assert machine.run("export", IN, stdin=lock).stdout == lock
    for format in ("explicit", "conda-lock", "environment-yml"):
        assert "dated" in machine.run("export", IN, "--format", format, stdin=lock).stdout


def test_diff(machine: Machine, lock: str) -> None:
    (machine.root / "x.lock").write_text(lock)
    assert machine.json("diff", "x.lock", IN, stdin=lock)["equal"]
    assert json.loads(substituted(machine, "diff --json <(cat x.lock) <(cat x.lock)"))["equal"]


def test_bundle_and_mirror(machine: Machine, lock: str) -> None:
    machine.run("bundle", IN, stdin=lock)
    assert (machine.root / "piped.sealenv").is_file()
    unnamed = lock.replace('# name: "piped"\n', "")
    machine.run("bundle", IN, stdin=unnamed)
    assert (machine.root / "env.sealenv").is_file()
    assert machine.json("mirror", IN, "m", stdin=lock)["added"] == 1


def test_verify(machine: Machine, lock: str) -> None:
    machine.run("create", "e", "-f", IN, stdin=lock)
    assert machine.json("verify", "e", "-f", IN, stdin=lock)["condition"] == "as made"


def test_a_bundle_cannot_come_from_a_pipe(machine: Machine, lock: str) -> None:
    machine.run("bundle", IN, stdin=lock)
    data = Path(machine.root / "piped.sealenv").read_bytes()
    done = subprocess.run(
        machine.command("create", "e", "-f", IN), env=machine.env, cwd=machine.root, input=data,
        capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert b"a bundle must be a file" in done.stderr
