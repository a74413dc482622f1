"""The usual terminal of a conda user: its base environment is active."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sealenv.tour.channel import DemoChannel
from tests.channel import Channels
from tests.machine import Machine, tiny
from tests.shells import require_shell
from tests.terminal import Terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="bash in a pseudo-terminal")


@pytest.fixture
def base(machine: Machine) -> Path:
    """The folders of a base environment, with programs that would be the wrong ones."""
    base = machine.root / "fake_base"
    for folder in ("bin", "condabin", "conda-meta"):
        (base / folder).mkdir(parents=True)
    (base / "conda-meta" / "history").write_text("")
    for name in ("bin/python", "bin/conda", "condabin/conda", "bin/pip"):
        (base / name).write_text("#!/bin/sh\necho of the base\n")
        (base / name).chmod(0o755)
    (base / "bin" / "sealenv").write_text(f'#!/bin/sh\nexec {shlex.join(machine.command())} "$@"\n')
    (base / "bin" / "sealenv").chmod(0o755)
    return base


@pytest.fixture
def activated(machine: Machine, base: Path) -> dict[str, str]:
    """The variables after `conda activate base`."""
    return machine.env | {
        "PATH": f"{base}/bin:{base}/condabin:{machine.env['PATH']}",
        "CONDA_PREFIX": str(base),
        "CONDA_DEFAULT_ENV": "base",
        "CONDA_PROMPT_MODIFIER": "(base) ",
        "CONDA_SHLVL": "1",
        "CONDA_EXE": f"{base}/bin/conda",
        "CONDA_PYTHON_EXE": f"{base}/bin/python",
        "PS1": "(base) $ ",
        "TERM": "dumb",
    }


def bash(text: str, machine: Machine, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run one line in bash."""
    return subprocess.run(
        [require_shell("bash"), "--noprofile", "--norc", "-c", text],
        env=env, cwd=machine.root, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_create_and_its_next_command(
    warm_machine: Machine, demo_channel: DemoChannel, activated: dict[str, str]
) -> None:
    """In one terminal: create, then each command that it prints."""
    machine = warm_machine
    command = [require_shell("bash"), "--noprofile", "--norc", "-i"]
    terminal = Terminal(command, activated, machine.root)
    packages = shlex.join(tiny("python", "pip"))
    terminal.type(f"sealenv create my_env -c {demo_channel.url} -y {packages}; echo code''=$?")
    terminal.wait_for("code=0")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.said)
    use = re.search(r"use it +(sealenv run .*?)\r?\n", plain)
    shell = re.search(r"or a shell +(sealenv shell .*?)\r?\n", plain)
    assert use is not None
    assert shell is not None
    assert use[1] == "sealenv run --clean my_env -- python"
    terminal.type(f"{use[1]} -c 'import sys; print(\"in\", sys.prefix)'")
    terminal.wait_for(f"in {machine.envs / 'my_env'}")
    terminal.type(shell[1])
    terminal.wait_for("(my_env)")
    terminal.type("python -c 'import sys; print(\"also\", sys.prefix)'; exit")
    terminal.wait_for(f"also {machine.envs / 'my_env'}")
    terminal.type("echo again''=$CONDA_DEFAULT_ENV; exit")
    terminal.wait_for("again=base")
    assert terminal.end() == 0


def test_refusals_end_with_the_command_to_copy(
    machine: Machine, channels: Channels, activated: dict[str, str]
) -> None:
    prefix = Path(machine.tiny("my env", channels.main_url, "prio")["prefix"])
    refused = bash("sealenv run 'my env' -- sh -c 'echo \"in $CONDA_PREFIX\"'", machine, activated)
    assert refused.returncode == 125
    assert f"in {prefix}\n" == bash(_next(refused.stderr), machine, activated).stdout
    refused = bash("sealenv shell 'my env' -s bash", machine, activated)
    assert _next(refused.stderr) == "sealenv shell --clean 'my env' -s bash"
    refused = bash(f". '{prefix}/activate.sh'", machine, activated)
    assert refused.returncode != 0
    command = _next(refused.stderr).partition("or: ")[2]
    assert command.startswith("sealenv shell --clean ")
    there = bash(f"echo 'echo in $CONDA_PREFIX' | {command} -s sh", machine, activated)
    assert f"in {prefix}" in there.stdout


def _next(text: str) -> str:
    return text.rpartition("  next: ")[2].strip()
