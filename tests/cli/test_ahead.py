"""What begins before the command line is looked at, and an end that takes nothing apart."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sealenv import __main__ as start
from sealenv.cli.ahead import read_ahead, search_ahead
from sealenv.relocation import ahead
from sealenv.seals import reading
from sealenv.tour.channel import DemoChannel
from tests.machine import Machine


@pytest.fixture(autouse=True)
def nothing_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_early", {})
    monkeypatch.setattr(ahead, "_early", {})


@pytest.fixture
def made(warm_machine: Machine, demo_channel: DemoChannel) -> tuple[Machine, Path]:
    answer = warm_machine.create("e", demo_channel, "--no-pyc")
    return warm_machine, Path(answer["prefix"])


@pytest.mark.parametrize("fast", [False, True])
def test_the_plain_case_is_guessed(made: tuple[Machine, Path], fast: bool) -> None:
    _, prefix = made
    read_ahead([str(prefix), "--json", *(["--fast"] if fast else [])])
    (key,) = reading._early
    assert key == (prefix, fast)
    with reading.begin(prefix, fast=fast) as begun:
        assert begun.then.seal is not None
        assert bool(len(begun.hashing)) != fast
        assert bool(len(begun.statuses)) == (fast and os.name != "nt")
    assert not reading._early


@pytest.mark.parametrize("begin", [read_ahead, search_ahead])
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--json"],
        ["one", "two", "three"],
        ["--", "one"],
        ["--", "one", "two"],
        *(
            [odd, *more]
            for odd in ["nobody", "", "a\0b", "\udcff", "x" * 5000]
            for more in ([], ["to"])
        ),
    ],
)
def test_what_is_not_plain_is_left_to_the_command(
    begin: Callable[[list[str]], None], arguments: list[str], tmp_path: Path,
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("SEALENV_ENVS", str(tmp_path))
    begin(arguments)
    assert not reading._early
    assert not ahead._early
    assert capfd.readouterr() == ("", "")


def test_as_many_names_as_the_command_takes(made: tuple[Machine, Path]) -> None:
    env = str(made[1])
    read_ahead([env, "two"])
    for arguments in ([env], [env, "--here"], ["--here", env, "two"]):
        search_ahead(arguments)
    assert not reading._early
    assert not ahead._early
    search_ahead([env, "two", "-q"])
    assert list(ahead._early) == [Path(env)]
    ahead.forget()


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


WITHOUT = """
import sys
sys.path.insert(0, sys.argv[1])
sys.argv = ["sealenv", *sys.argv[2:]]
from sealenv.__main__ import main
code = main()
print("click" in sys.modules)
sys.exit(code)
"""


@pytest.mark.skipif(os.name == "nt", reason="there everything is looked at")
class TestWithoutTheCommandLineLibrary:
    """A plain `verify --fast` of what has not changed; it says what the command says."""

    def run(self, machine: Machine, *words: str, **more: str) -> tuple[int, str, bool]:
        src = str(Path(__file__).parents[2] / "src")
        done = subprocess.run(
            [sys.executable, "-c", WITHOUT, src, "verify", *words],
            env={**machine.env, **more}, cwd=machine.root, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        *said, with_click = done.stdout.splitlines()
        return done.returncode, "\n".join([*said, done.stderr]), with_click == "True"

    def test_it_says_the_same(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        code, said, with_click = self.run(machine, "--fast", str(prefix))
        assert (code, with_click) == (0, False)
        assert "as sealed, by size, time and inode" in said
        assert self.run(machine, "e", "--fast") == (0, said, False)
        assert self.run(machine, "--fast", "-q", "e") == (0, said, True)
        done = machine.run("verify", "--fast", "--no-such", "e", code=2)
        assert "--no-such" in done.stderr
        assert self.run(machine, "--fast", "--fast")[0] == 2

    def test_what_is_to_be_told_is_left_to_the_command(self, made: tuple[Machine, Path]) -> None:
        machine, prefix = made
        code, said, with_click = self.run(machine, "--fast", "e", CONDA_PREFIX="/elsewhere")
        assert (code, with_click) == (0, False)
        assert said.startswith("warning: not passed on: CONDA_PREFIX")
        assert self.run(machine, "--fast", "-q", "e", CONDA_PREFIX="/elsewhere")[1] == said
        (prefix / "own.txt").touch()
        code, said, with_click = self.run(machine, "--fast", "e")
        assert (code, with_click) == (1, True)
        assert said.count("untracked     own.txt") == 1
        code, said, with_click = self.run(machine, "--fast", "nobody")
        assert (code, with_click) == (7, True)
        assert said.count("there is no environment 'nobody'") == 1


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
        assert "the current folder is gone" in done.stderr
        assert "next: go elsewhere, or name an absolute path" in done.stderr
