"""Exit code and output of a command whose streams are closed, full or left by their reader."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def made(machine: Machine, channels: Channels) -> tuple[Machine, Path]:
    answer = machine.tiny("e", channels.main_url, "prio")
    return machine, Path(answer["prefix"])


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_a_reader_that_leaves(made: tuple[Machine, Path]) -> None:
    """As in `sealenv list | head`: no message, and the exit code of SIGPIPE."""
    machine, prefix = made
    for number in range(3000):
        (prefix / f"{number:0100}").touch()
    done = subprocess.run(
        ["bash", "-c", '"$@" | head -1; exit "${PIPESTATUS[0]}"', "sh", *machine.command("verify", "e")],
        env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 141
    assert "rror" not in done.stderr


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_disk_below_stdout(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    (prefix / "own.txt").write_text("nobody's\n")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            machine.command("verify", "e", "--json"),
            env=machine.env, cwd=machine.root, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "error: the disk is full" in done.stderr
    assert done.returncode == 9


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete a current folder")
def test_the_current_folder_no_longer_exists(made: tuple[Machine, Path]) -> None:
    machine, _ = made
    done = subprocess.run(
        ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && "$@"', "sh",
         *machine.command("verify", "./e")],
        env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 9, done.stderr
    assert "the current folder no longer exists" in done.stderr
