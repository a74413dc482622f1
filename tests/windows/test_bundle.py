"""Bundles on Windows: the same bytes as elsewhere, and environments made from them without a network."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path

import pytest

from tests.machine import Machine
from tests.windows.machine import Windows
from tests.windows.user import User

pytestmark = pytest.mark.slow


def test_the_same_bytes_and_an_environment(
    newcomer: User, windows: Windows, channel_url: str, tmp_path: Path
) -> None:
    lock = tmp_path / "my_env.lock"
    elsewhere = Machine(tmp_path / "another machine")
    elsewhere.run(
        "lock", "python=3.12", "pip", "-c", channel_url, "--platform", "win-64", "-o", str(lock)
    )
    answer = elsewhere.json("bundle", str(lock), "-o", str(tmp_path / "one.sealenv"))
    done = newcomer.run(
        "bundle", windows.path(lock), "-o", windows.path(tmp_path / "two.sealenv"), "--json"
    )
    assert json.loads(done.stdout)["sha256"] == answer["sha256"]
    assert filecmp.cmp(tmp_path / "two.sealenv", tmp_path / "one.sealenv", shallow=False)
    fresh = User(windows, tmp_path / "a third")
    fresh.run("create", "e", "-f", windows.path(tmp_path / "one.sealenv"), "--offline", "--no-pyc")
    ran = windows.run([fresh.envs / "e" / "python.exe", "--version"])
    assert "Python 3.12" in ran.stdout
