"""Completion as click does it: what it answers, and once in each real shell, with Tab pressed."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import signal
import subprocess
import time

import pytest

from tests.machine import Machine
from tests.shells import require_shell

pytestmark = pytest.mark.skipif(os.name == "nt", reason="click completes in bash, zsh and fish")

ARGUMENTS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
LOAD = {
    "bash": 'eval "$(_SEALENV_COMPLETE=bash_source sealenv)"',
    "zsh": 'autoload -Uz compinit && compinit -u -D; eval "$(_SEALENV_COMPLETE=zsh_source sealenv)"',
    "fish": "_SEALENV_COMPLETE=fish_source sealenv | source",
}
_MOVES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|\x08|\x1b[=>(][B0]?")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """With one folder that is an environment, and one that is none."""
    machine = Machine(tmp_path_factory.mktemp("completion"))
    (machine.envs / "plain_3_12" / "conda-meta").mkdir(parents=True)
    (machine.envs / "plain").mkdir()
    tool = machine.envs / "plain_3_12" / "bin" / "tool-of-it"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o755)
    return machine


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("veri", ["plain,verify"]),
        ("create --platform win", ["plain,win-64"]),
        ("info -n pl", ["plain,plain_3_12"]),
        ("diff pl", ["plain,plain_3_12", "file,pl"]),
        ("run plain_3_12 -- tool", ["plain,tool-of-it"]),
    ],
)
def test_answers(machine: Machine, line: str, answer: list[str]) -> None:
    words = ["sealenv", *line.split()]
    done = subprocess.run(
        machine.command(), cwd=machine.root, capture_output=True, text=True, check=True,
        env=machine.env | {"_SEALENV_COMPLETE": "bash_complete", "COMP_WORDS": " ".join(words),
                           "COMP_CWORD": str(len(words) - 1)},
    )  # fmt: skip
    assert done.stdout.splitlines() == answer


@pytest.mark.parametrize("shell", ARGUMENTS)
def test_tab(machine: Machine, shell: str) -> None:
    """A real shell in a pseudo-terminal completes the name of an environment."""
    program = require_shell(shell)
    tools = machine.root / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "sealenv").write_text(f'#!/bin/sh\nexec {shlex.join(machine.command())} "$@"\n')
    (tools / "sealenv").chmod(0o755)
    env = machine.env | {"TERM": "xterm", "PS1": "", "HISTFILE": "", "LC_ALL": "C.UTF-8"}
    env["PATH"] = f"{tools}:{env['PATH']}"
    pid, fd = pty.fork()
    if not pid:
        os.chdir(machine.root)
        os.execve(program, ARGUMENTS[shell], env)
    try:
        os.write(fd, f"{LOAD[shell]}; echo rea''dy\r".encode())
        wait(fd, "ready")
        os.write(fd, b"sealenv info pl\t")
        wait(fd, "plain_3_12")
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(fd)


def wait(fd: int, text: str) -> None:
    """Read until a text appears, without what moves the cursor."""
    said, until = "", time.monotonic() + 60
    while text not in _MOVES.sub("", said):
        left = until - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            pytest.fail(f"{text!r} does not appear: {said!r}")
        said += os.read(fd, 65536).decode("utf-8", "replace")
