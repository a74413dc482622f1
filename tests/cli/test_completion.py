"""`sealenv completion`: real shells, in a pseudo-terminal, with Tab pressed."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sealenv.cli.completing import SHELLS, script
from sealenv.cli.completing.words import commands
from sealenv.cli.main import _COMMANDS, cli
from tests.machine import Machine
from tests.shells import require_shell

ODD = "odd b$HOME'q\"end"
ARGUMENTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SHOW = {
    "bash": "sealenv() { printf '<%s>' \"$@\"; echo .; }",
    "zsh": "sealenv() { printf '<%s>' \"$@\"; echo .; }",
    "fish": "function sealenv; printf '<%s>' $argv; echo .; end",
}
_MOVES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x08|\x1b[=>(][B0]?")
PREPARE = {"bash": "", "zsh": "autoload -Uz compinit && compinit -u -D; ", "fish": ""}


class Terminal:
    """A shell with the completion of sealenv, a `sealenv` that shows its arguments, and `ls` alone."""

    def __init__(self, shell: str, machine: Machine) -> None:
        file = machine.root / f"completion.{shell}"
        file.write_text(script(shell, cli), encoding="utf-8")
        env = machine.env | {
            "TERM": "dumb" if shell == "bash" else "xterm",
            "PS1": "",
            "HISTFILE": "",
        }
        nothing = machine.root / "no-programs"
        if not nothing.is_dir():
            nothing.mkdir()
            (nothing / "ls").symlink_to("/bin/ls")  # fish's own completion of files calls it
        env |= {"PATH": str(nothing), "LC_ALL": "C.UTF-8"}
        program = require_shell(shell)
        self.pid, self.fd = pty.fork()
        if not self.pid:
            os.chdir(machine.root)
            os.execve(program, ARGUMENTS[shell], env)
        self.text = ""
        self.send(f"{PREPARE[shell]}source '{file}'; {SHOW[shell]}; echo rea''dy\r")
        self.wait("ready")

    def send(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def wait(self, text: str) -> str:
        """What came up to this text, without what moves the cursor."""
        until = time.monotonic() + 8
        while text not in (plain := _MOVES.sub("", self.text)):
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                pytest.fail(f"{text!r} does not appear: {plain!r}")
            self.text += os.read(self.fd, 65536).decode("utf-8", "replace")
        self.text = ""
        return plain

    def tab(self, typed: str, appears: str) -> str:
        """Type, press Tab, wait for what it adds, press Enter; the arguments that sealenv gets."""
        self.send(f"sealenv {typed}\t")
        self.wait(appears)
        return self.enter()

    def enter(self) -> str:
        """Press Enter; the arguments."""
        self.send("\r")
        found = re.search(r"(<[^\r\n]*>)\.", self.wait(">."))
        assert found
        return found[1]

    def close(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """With folders that are environments, and one that is none."""
    machine = Machine(tmp_path_factory.mktemp("completion"))
    for name in ("plain_3_12", ODD):
        (machine.envs / name / "conda-meta").mkdir(parents=True)
    (machine.envs / "other").mkdir()
    tool = machine.envs / "plain_3_12" / "bin" / "tool-of-it"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    (machine.root / "my list.lock").write_text("")
    return machine


@pytest.fixture(scope="module", params=SHELLS)
def terminal(request: pytest.FixtureRequest, machine: Machine) -> Iterator[Terminal]:
    terminal = Terminal(request.param, machine)
    yield terminal
    terminal.close()


@pytest.mark.parametrize(
    ("typed", "appears", "arguments"),
    [
        ("veri", "fy", "<verify>"),
        ("cache cl", "ean", "<cache><clean>"),
        ("create --exclude-n", "ewer", "<create><--exclude-newer>"),
        ("export e --format cond", "a-lock", "<export><e><--format><conda-lock>"),
        ("create --platform=win", "-64", "<create><--platform=win-64>"),
        ("info pl", "ain_3_12", "<info><plain_3_12>"),
        ("verify --fast pl", "ain_3_12", "<verify><--fast><plain_3_12>"),
        ("run plain_3_12 -- tool", "-of-it", "<run><plain_3_12><--><tool-of-it>"),
        ("create -f my", ".lock", "<create><-f><my list.lock>"),
        ("info od", "end", f"<info><{ODD}>"),
    ],
    ids=lambda value: value if isinstance(value, str) and value[:1] != "<" else "",
)
def test_tab(terminal: Terminal, typed: str, appears: str, arguments: str) -> None:
    assert terminal.tab(typed, appears) == arguments


@pytest.mark.parametrize("quote", ["'", '"'])
def test_inside_quotes(terminal: Terminal, quote: str) -> None:
    terminal.send(f"sealenv info {quote}od\t")
    terminal.wait("end")
    assert terminal.enter() == f"<info><{ODD}>"


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_sound(shell: str, tmp_path: Path) -> None:
    require_shell(shell)
    text = script(shell, cli)
    file = tmp_path / "script"
    file.write_text(text, encoding="utf-8")
    subprocess.run([shell, "-n", str(file)], check=True)


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_is_in_it(shell: str) -> None:
    text = script(shell, cli)
    assert [name for name in _COMMANDS if not re.search(rf"\b{name}\b", text)] == []


def test_what_takes_an_environment_completes_one() -> None:
    """A new command that calls its argument ENV gets names of environments."""
    kinds = {command.path: command.arguments for command in commands(cli)}
    for name in ("info", "verify", "repair", "seal", "audit", "move", "clone", "refresh", "remove"):
        assert kinds[name][0] == "env"
    assert kinds["run"] == ("env", "program")
    assert kinds["cache info"] == ()


def test_the_command_prints_it(machine: Machine) -> None:
    assert machine.run("completion", "zsh").stdout == script("zsh", cli)
    assert "bash" in machine.run("completion", "tcsh", code=2).stderr
