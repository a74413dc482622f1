"""What users of conda, mamba, pixi and uv type: options, commands that do not exist, and answers."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sealenv.cli.main import _COMMANDS, _INSTEAD, main
from tests.channel import Channels
from tests.machine import Machine


@pytest.fixture
def made(machine: Machine, channels: Channels) -> Machine:
    """A machine with an environment `e`."""
    machine.tiny("e", channels.main_url, "prio")
    return machine


def test_an_environment_by_name_or_prefix(made: Machine) -> None:
    for command, *more in (
        ("info",), ("repair",), ("seal", "--dry-run"), ("audit",), ("diff",), ("report", "-o", "r.html"),
        ("export",), ("bundle", "--force"), ("run", "--", "true"), ("clone", "f"),
    ):  # fmt: skip
        made.run(command, "--name", "e", *more)
    for command, *more in (("verify",), ("run", "true"), ("move", "moved")):
        made.run(command, "-p", "envs/e", *more)
    made.run("remove", "--name", "f", "-y")


def test_an_environment_named_twice(made: Machine) -> None:
    for words in (("-n", "e", "-p", "e"), ("-n", "e", "e"), ("-p", "envs/e", "e")):
        answer = made.json("info", *words, code=2)
        assert answer["hint"].startswith("use ")
    assert "missing argument 'ENV'" in made.json("info", code=2)["what"]
    assert made.json("info", "-p", "e", code=7)["details"] == [f"looked at {made.root / 'e'}"]


@pytest.mark.parametrize("word", _INSTEAD)
def test_a_command_of_another_tool_says_what_to_type(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([word]) == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith(f"error: no such command {word!r}: ")
    typed = hint.removeprefix("  next: ").split()
    assert typed[0] != "sealenv" or typed[1] in _COMMANDS


def test_the_command_that_activates(made: Machine) -> None:
    script = made.envs / "e" / "activate"
    for words, code in ((("info", "e"), 0), (("activate", "e"), 2)):
        done = made.run(*words, code=code)
        assert f". {script}.sh" in done.stdout + done.stderr
        done = made.run(*words, code=code, SHELL="/usr/bin/fish")
        assert f"source {script}.fish" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "near"),
    [("crate", "create"), ("info --jsno", "--json"), ("conda", None), ("info --packed", None)],
)
def test_only_close_spellings_are_suggested(
    words: str, near: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words.split()) == 2
    hint = capsys.readouterr().err
    assert (f"did you mean {near}?" in hint) if near else ("did you mean" not in hint.lower())


@pytest.mark.skipif(os.name == "nt", reason="a terminal of POSIX")
@pytest.mark.parametrize("words", ["remove e", "create n {channel} --without python"])
def test_the_answer_no(made: Machine, channels: Channels, words: str) -> None:
    (made.envs / "e/share/note").write_text("x")
    before = made.snapshot(made.cache, made.tmp)
    typed = words.format(channel=f"-c {channels.main_url} --without conda --without mamba").split()
    ours, theirs = os.openpty()
    try:
        os.write(ours, b"n\n")
        done = subprocess.run(
            made.command(*typed), env=made.env, cwd=made.root, stdin=theirs,
            stdout=subprocess.PIPE, stderr=theirs, check=False, timeout=60,
        )  # fmt: skip
        said = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert done.returncode == 1
    assert said.splitlines()[-1].endswith("Nothing was changed.")
    assert made.snapshot(made.cache, made.tmp) == before


def test_what_is_ignored_is_said_on_request(made: Machine, channels: Channels) -> None:
    """The first lines of a newcomer are about the environment."""
    shims = made.home / ".pyenv/shims"
    shims.mkdir(parents=True)
    (shims / "python").write_text("#!/bin/sh\n")
    (shims / "python").chmod(0o755)
    dirt: dict[str, Any] = {
        "PYENV_ROOT": str(shims.parent),
        "PATH": f"{shims}:{made.env['PATH']}",
        "PIP_USER": "1",
    }
    words = ("lock", "prio", "-c", channels.main_url, "-o", "-")
    done = made.run(*words, **dirt)
    assert "PYENV" not in done.stderr
    assert "PIP_USER" not in done.stderr
    assert "note: ignoring PIP_USER=1: " in made.run(*words, "-v", **dirt).stderr
    assert made.json("verify", "e", **dirt)["warnings"][0].startswith("ignoring ")


@pytest.mark.skipif(os.name == "nt", reason="words of a POSIX shell")
def test_the_demo_ends_with_a_command_that_works(machine: Machine) -> None:
    said = machine.run("demo").stdout
    (folder,) = machine.tmp.iterdir()
    assert [path.name for path in folder.iterdir()] == ["channel"]
    assert not machine.cache.exists()
    (line,) = (line for line in said.splitlines() if line.startswith("  sealenv create "))
    machine.run(*shlex.split(line)[1:])
    (prefix,) = machine.envs.iterdir()
    assert machine.run("run", prefix.name, "--", "python", "-c", "print(1)").stdout == "1\n"
    kept = Path(machine.root / "tour")
    machine.run("demo", "--keep", str(kept), "-q")
    assert "exists already" in machine.run("demo", "--keep", str(kept), code=7).stderr
