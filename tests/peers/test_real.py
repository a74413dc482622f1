"""A real conda and a real micromamba, where SEALENV_TEST_CONDA and SEALENV_TEST_MICROMAMBA name them.

`SEALENV_TEST_CONDA=$(which conda) python3 -m tests --no-lint -- tests/peers` runs these.
The last test runs where SEALENV_TEST_CONDA_CHANNEL names a channel that has the real ones.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.machine import Machine, tiny

Peer = Callable[..., subprocess.CompletedProcess[str]]
CHANNEL = os.environ.get("SEALENV_TEST_CONDA_CHANNEL", "")
_VARIABLES = {"conda": "SEALENV_TEST_CONDA", "micromamba": "SEALENV_TEST_MICROMAMBA"}


@pytest.fixture(params=_VARIABLES)
def peer(request: pytest.FixtureRequest, machine: Machine, channels: Channels) -> Peer:
    """Run a command of the peer with the local channel, on the test's machine."""
    program = os.environ.get(_VARIABLES[request.param])
    if not program:
        pytest.skip(f"{_VARIABLES[request.param]} names no {request.param}")

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = machine.env | {
            "CONDA_PKGS_DIRS": str(machine.root / "pkgs"),
            "CONDA_AUTO_ACTIVATE": "false",
        }
        done = subprocess.run(
            [program, *words], env=env, capture_output=True, text=True, check=False, timeout=600
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def options(channels: Channels) -> list[str]:
    return ["-y", "--override-channels", "-c", channels.main_url]


def kinds(machine: Machine, prefix: Path) -> set[str]:
    found = machine.json("verify", str(prefix), code=None)["findings"]
    return {finding["kind"] for finding in found}


def test_its_environment_is_verified_and_adopted(
    peer: Peer, machine: Machine, channels: Channels, options: list[str]
) -> None:
    prefix = machine.root / "theirs"
    peer("create", "-p", str(prefix), *options, f"python={channels.python_minor}", "requests")
    assert kinds(machine, prefix) == set()
    assert "pip:" not in machine.run("export", str(prefix), "--format", "environment-yml").stdout
    machine.run("seal", str(prefix), "-y")
    assert kinds(machine, prefix) == set()


def test_what_it_installs_into_ours_is_a_change_and_no_damage(
    peer: Peer, machine: Machine, channels: Channels, options: list[str]
) -> None:
    packages = tiny("python", "pip", "tabulate")
    prefix = machine.json("create", "e", "-c", channels.main_url, "--no-pyc", *packages)["prefix"]
    peer("install", "-p", prefix, *options, "six")
    assert kinds(machine, Path(prefix)) <= {"added", "changed"}
    assert "pip:" not in machine.run("export", prefix, "--format", "environment-yml").stdout
    listed = json.loads(peer("list", "-p", prefix, "--json").stdout)
    # mamba 2's answer is an object, conda's a list.
    rows = listed["packages"] if isinstance(listed, dict) else listed
    assert {"python", "pip", "tabulate", "six"} <= {row["name"] for row in rows}


def test_it_installs_our_locks(
    peer: Peer, machine: Machine, channels: Channels, options: list[str]
) -> None:
    machine.run("lock", "six", "-c", channels.main_url)
    machine.run("export", "sealenv.lock", "--format", "explicit", "-o", "list.txt")
    prefix = machine.root / "listed"
    peer("create", "-y", "-p", str(prefix), "--file", str(machine.root / "list.txt"))
    (record,) = (prefix / "conda-meta").glob("six-*.json")
    listed = (machine.root / "list.txt").read_text()
    assert json.loads(record.read_bytes())["sha256"] in listed


@pytest.mark.skipif(not CHANNEL, reason="SEALENV_TEST_CONDA_CHANNEL names no channel")
def test_conda_and_mamba_work_inside_an_environment(machine: Machine) -> None:
    """They read it as their own, install without fetching again, and write nothing into HOME."""
    prefix = Path(machine.json("create", "e", "-c", CHANNEL)["prefix"])

    def activated(script: str) -> str:
        done = subprocess.run(
            ["bash", "-c", f". '{prefix}/activate.sh' && {script}"],
            env=machine.env, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    activated("conda --version && mamba --version")
    assert list(machine.home.iterdir()) == []
    asked = json.loads(activated("conda env export --from-history --json"))["dependencies"]
    assert {"python", "conda", "mamba", "pip"} <= {d.split("=")[0].split("[")[0] for d in asked}
    assert "defaults" not in json.loads(activated("conda export --json"))["channels"]
    for tool in ("conda", "mamba"):
        listed = json.loads(activated(f"{tool} list --json"))
        rows = listed["packages"] if isinstance(listed, dict) else listed
        assert {"python", "conda", "mamba", "pip"} <= {row["name"] for row in rows}
        archives = {p: p.stat().st_ino for p in (machine.cache / "pkgs").glob("*.conda")}
        activated(f"{tool} install -y --override-channels -c '{CHANNEL}' --force-reinstall pip")
        assert {path: path.stat().st_ino for path in archives} == archives
