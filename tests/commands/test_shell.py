"""`shell`: a clean subshell of the real shell, in a real terminal, left by `exit`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from sealenv.tour.channel import DemoChannel
from tests.machine import Machine
from tests.shells import require_shell
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals are POSIX")

_PROMPTS = {"tcsh": "#" if os.geteuid() == 0 else ">"}
"""What shows that a shell is ready; others show the environment's name."""

# The answer is put together by the shell, so that the typed line itself is not taken for it.
_ASKS = {
    "nu": 'print $"<($env.CONDA_PREFIX)|(which python | get path.0)>"; exit 3',
    "xonsh": "print('<' + $CONDA_PREFIX + '|' + $(which python).strip() + '>')\rexit 3",
    "fish": 'echo "<"$CONDA_PREFIX"|"(type -p python)">"; exit 3',
    "tcsh": "echo '<'$CONDA_PREFIX'|'`which python`'>'; exit 3",
}
_LEFT = {
    "nu": "print $'<($env.CONDA_PREFIX? | default gone)|($env.SEALENV_SHELL_SCRIPT? | default gone)>'",
    "xonsh": "print(f\"<{__xonsh__.env.get('CONDA_PREFIX', 'gone')}"
    "|{__xonsh__.env.get('SEALENV_SHELL_SCRIPT', 'gone')}>\")",
    "fish": 'set -q CONDA_PREFIX SEALENV_SHELL_SCRIPT; echo "<"gone(count $CONDA_PREFIX)">"',
}


@pytest.fixture(scope="module")
def used(
    tmp_path_factory: pytest.TempPathFactory, warm_cache: Path, demo_channel: DemoChannel
) -> Machine:
    """A machine with one environment `e` and start-up files that would spoil a shell."""
    machine = Machine(tmp_path_factory.mktemp("shell"), cache=warm_cache)
    machine.create("e", demo_channel, "--no-pyc")
    for name in (".bashrc", ".profile", ".zshrc", ".zshenv", ".tcshrc", ".cshrc"):
        (machine.home / name).write_text("echo SPOILED\n")
    fish = machine.home / ".config" / "fish"
    fish.mkdir(parents=True)
    (fish / "config.fish").write_text("echo SPOILED\n")
    return machine


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "dash", "sh", "tcsh", "xonsh", "nu"])
def test_a_clean_shell_in_the_environment(used: Machine, name: str) -> None:
    shell = require_shell(name)
    command = used.command("shell", "e", "-s", str(shell))
    terminal = Terminal(
        command, used.env | {"TERM": "xterm", "XONSH_HISTORY_BACKEND": "dummy"}, used.root
    )
    prefix = str(used.envs / "e")
    terminal.wait_for(_PROMPTS.get(name, "(e)"))
    terminal.type(_ASKS.get(name, 'echo "<"$CONDA_PREFIX"|"$(command -v python)">"; exit 3'))
    code = terminal.end()
    assert f"<{prefix}|{prefix}/bin/python>" in terminal.said.replace("\r\n", "").replace("\n", "")
    assert "SPOILED" not in terminal.said
    assert code == 3


@pytest.mark.parametrize("name", ["bash", "zsh", "fish", "dash", "sh", "xonsh", "nu"])
def test_deactivate_in_the_shell(used: Machine, name: str) -> None:
    command = used.command("shell", "e", "-s", str(require_shell(name)))
    env = used.env | {"TERM": "xterm", "XONSH_HISTORY_BACKEND": "dummy"}
    terminal = Terminal(command, env, used.root)
    terminal.wait_for("(e)")
    terminal.settle()  # xonsh drops what is typed while it asks for the cursor
    terminal.type("deactivate")
    terminal.settle()
    ask = 'echo "<"${CONDA_PREFIX-gone}"|"${SEALENV_SHELL_SCRIPT-gone}">"'
    terminal.type(_LEFT.get(name, ask))
    terminal.wait_for("<gone0>" if name == "fish" else "<gone|gone>")
    terminal.settle()
    terminal.type("exit 3")
    assert terminal.end() == 3
    assert "rror" not in terminal.said
    assert "not found" not in terminal.said


@pytest.mark.parametrize("name", ["bash", "fish", "nu"])
def test_a_moved_environment_gets_no_shell(used: Machine, name: str) -> None:
    moved = used.root / "moved"
    if not moved.exists():
        shutil.copytree(used.envs / "e", moved, symlinks=True)
    command = used.command("shell", str(moved), "-s", str(require_shell(name)))
    env = used.env | {"TERM": "xterm", "XONSH_HISTORY_BACKEND": "dummy"}
    terminal = Terminal(command, env, used.root)
    assert terminal.end() == 125
    assert "was moved or copied by hand" in terminal.said


def test_a_dirty_shell_gets_no_second_environment(used: Machine) -> None:
    done = used.run("shell", "e", "-s", "bash", code=125, CONDA_PREFIX="/other")
    assert "CONDA_PREFIX=/other" in done.stderr


def test_a_shell_that_is_not_there_is_told(used: Machine) -> None:
    assert (
        "the shell 'nosuch' is not installed"
        in used.run("shell", "e", "-s", "nosuch", code=125).stderr
    )
