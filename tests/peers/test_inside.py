"""With the real conda and mamba, where SEALENV_TEST_CONDA_CHANNEL names a channel that has them."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.machine import Machine

CHANNEL = os.environ.get("SEALENV_TEST_CONDA_CHANNEL", "")

pytestmark = pytest.mark.skipif(
    not CHANNEL, reason="SEALENV_TEST_CONDA_CHANNEL names no channel with the real conda and mamba"
)


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    machine = Machine(tmp_path_factory.mktemp("conda"))
    machine.json("create", "e", "-c", CHANNEL)
    return machine


def activated(machine: Machine, script: str) -> subprocess.CompletedProcess[str]:
    """Run a script in the activated environment."""
    activate = machine.envs / "e" / "activate.sh"
    return subprocess.run(
        ["bash", "-c", f". '{activate}' && {script}"],
        env=machine.env, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip


@pytest.mark.parametrize("tool", ["conda", "mamba"])
def test_they_read_the_prefix_as_their_own(used: Machine, tool: str) -> None:
    done = activated(used, f"{tool} list --json")
    assert done.returncode == 0, done.stderr
    listed = json.loads(done.stdout)
    rows = listed["packages"] if isinstance(listed, dict) else listed  # mamba 2's is an object
    names = {row["name"] for row in rows}
    assert {"python", "conda", "mamba", "pip"} <= names


@pytest.mark.parametrize("tool", ["conda", "mamba"])
def test_they_install_into_it_without_fetching_again(used: Machine, tool: str) -> None:
    prefix = used.envs / "e"
    view = used.cache / "pkgs"
    before = {p.name: p.stat().st_ino for p in view.glob("*.conda")}
    command = f"{tool} install -y --override-channels -c '{CHANNEL}' --force-reinstall pip"
    done = activated(used, command)
    assert done.returncode == 0, done.stderr
    after = {p.name: p.stat().st_ino for p in view.glob("*.conda")}
    assert before.items() <= after.items()
    assert Path(prefix, "bin", "pip").exists()


def test_from_history_knows_what_was_asked_for(used: Machine) -> None:
    done = activated(used, "conda env export --from-history --json")
    assert done.returncode == 0, done.stderr
    asked = {d.split("=")[0].split("[")[0] for d in json.loads(done.stdout)["dependencies"]}
    assert {"python", "conda", "mamba", "pip"} <= asked


def test_an_export_names_no_channel_of_anaconda(used: Machine) -> None:
    done = activated(used, "conda export --json")
    assert done.returncode == 0, done.stderr
    assert "defaults" not in json.loads(done.stdout)["channels"]


def test_its_own_start_wrote_nothing_into_home(used: Machine) -> None:
    """`conda install` itself writes notices to ~/.cache/conda and a list of prefixes to ~/.conda."""
    activated(used, "conda --version; mamba --version")
    assert {path.name for path in used.home.iterdir()} <= {".cache", ".conda"}
