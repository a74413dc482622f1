"""The end of a command: its exit code and its output, whatever the streams are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv import __main__ as start
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture
def made(warm_machine: Machine, demo_channel: DemoChannel) -> tuple[Machine, Path]:
    answer = warm_machine.create("e", demo_channel, "--no-pyc")
    return warm_machine, Path(answer["prefix"])


def test_a_seal_that_cannot_be_read(made: tuple[Machine, Path]) -> None:
    machine, prefix = made
    (prefix / "conda-meta/sealenv").write_text("{")
    for options in ([], ["--fast"]):
        found = machine.json("verify", str(prefix), *options, code=1)["findings"]
        assert ("record", "conda-meta/sealenv") in {(f["kind"], f["path"]) for f in found}


def test_an_interrupt_before_the_command_line_is_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fake_main() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "main", fake_main)
    monkeypatch.setattr(sys, "argv", ["sealenv", "list"])
    assert start.script() == 130
    assert capsys.readouterr().err == "Interrupted.\n"


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize("command", ["verify", "audit"])
@pytest.mark.parametrize("to", ["", ">&- 2>&-", "</dev/null >&-", "2>&-", "| cat", "2>&1 | cat"])
def test_the_end_says_what_it_came_to(made: tuple[Machine, Path], command: str, to: str) -> None:
    """Whatever the streams are: the exit code is that of the command, and nothing is cut off."""
    machine, prefix = made
    if command == "audit":
        (prefix / "own.sh").write_text(f"#!{prefix}/bin/python\n")
    else:
        for name in ("lib/libdemo.so", "own.txt"):
            (prefix / name).parent.mkdir(exist_ok=True)
            (prefix / name).write_text("nobody's\n")
    shell = shutil.which("bash")
    assert shell
    done = subprocess.run(
        [shell, "-c", f'"$@" {to}; exit "${{PIPESTATUS[0]}}"', "sh", *machine.command(command, "e")],
        env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == (1 if command == "verify" else 0), done.stderr
    assert "Traceback" not in done.stderr
    if not to or "cat" in to:
        assert ("own." if command == "verify" else "activate.sh") in done.stdout
        assert done.stdout.endswith("\n")


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
def test_a_reader_that_leaves(made: tuple[Machine, Path]) -> None:
    """As `sealenv list | head`: no error, and the status that a shell gives for SIGPIPE."""
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
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_full_disk_below_stdout(made: tuple[Machine, Path], options: list[str]) -> None:
    machine, prefix = made
    (prefix / "own.txt").write_text("nobody's\n")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            machine.command("verify", "e", *options),
            env=machine.env, cwd=machine.root, stdout=full, stderr=subprocess.PIPE, text=True,
            check=False, timeout=60,
        )  # fmt: skip
    assert "Traceback" not in done.stderr
    assert "error: " in done.stderr
    assert "  next: what there was to do is done; " in done.stderr
    assert done.returncode == 9


@pytest.mark.skipif(os.name == "nt", reason="no current folder can be removed there")
def test_where_the_current_folder_is_gone(made: tuple[Machine, Path]) -> None:
    machine, _ = made
    for options in (["--fast"], []):
        done = subprocess.run(
            ["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && "$@"', "sh",
             *machine.command("verify", *options, "./e")],
            env=machine.env, cwd=machine.root, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 9, done.stderr
        assert "the current folder no longer exists" in done.stderr
        assert "next: change to another folder, or use an absolute path" in done.stderr
