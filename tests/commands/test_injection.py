"""Nothing in an environment.yml or a lock becomes a command: it is text, or it is refused."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.channel import Channels
from tests.machine import Machine

EVIL = "a'b\"c $(touch PWNED) `touch PWNED` ; touch PWNED & %COMSPEC% \\ !x! # \n touch PWNED"
ACTIVATE = {
    "bash": '. "$1/activate.sh"; printf %s "$EVIL"',
    "dash": '_sealenv_file="$1/activate.sh"; . "$_sealenv_file"; printf %s "$EVIL"',
    "zsh": '. "$1/activate.sh"; printf %s "$EVIL"',
    "fish": 'source "$argv[2]/activate.fish"; printf %s "$EVIL"',
}


def test_values_of_variables_are_text(machine: Machine, channels: Channels) -> None:
    """In `run`, and in each shell that is installed."""
    (machine.root / "environment.yml").write_text(
        f"name: e\nchannels: [{channels.main_url}]\ndependencies: [prio]\n"
        f"variables: {{EVIL: {json.dumps(EVIL)}}}\n"
    )
    prefix = machine.json("create", "-f", "environment.yml")["prefix"]
    assert machine.run("run", "e", "--", "sh", "-c", 'printf %s "$EVIL"').stdout == EVIL
    shells = [shell for shell in ACTIVATE if shutil.which(shell)]
    assert shells
    for shell in shells:
        done = subprocess.run(
            [shell, "-c", ACTIVATE[shell], shell, prefix], env=machine.env, cwd=machine.root,
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stdout == EVIL, shell
    assert not list(machine.root.rglob("PWNED"))


@pytest.mark.parametrize(
    "line",
    [
        "name: $(touch PWNED)",
        "name: ../e",
        "dependencies: ['prio; touch PWNED']",
        "dependencies: [python, pip, {pip: ['x; touch PWNED']}]",
        "dependencies: [python, pip, {pip: ['--index-url http://x -e .']}]",
        "variables: {'A; touch PWNED': x}",
    ],
)
def test_an_environment_yml_is_refused(machine: Machine, channels: Channels, line: str) -> None:
    key = line.partition(":")[0]
    lines = {"name": "name: e", "channels": f"channels: [{channels.main_url}]",
             "dependencies": "dependencies: [prio]", key: line}  # fmt: skip
    (machine.root / "environment.yml").write_text("\n".join(lines.values()) + "\n")
    before = machine.snapshot(machine.cache)
    machine.json("create", "-f", "environment.yml", code=2)
    assert machine.snapshot(machine.cache) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("prio-1.0-0.conda", "$(touch PWNED).conda"),
        ("prio-1.0-0.conda", "..%2F..%2Fx-1.0-0.conda"),
        ('# name: "e"', '# name: "../e"'),
    ],
)
def test_a_lock_is_refused(machine: Machine, channels: Channels, old: str, new: str) -> None:
    (machine.root / "environment.yml").write_text(
        f"name: e\nchannels: [{channels.main_url}]\ndependencies: [prio]\n"
    )
    text = machine.run("lock", "-f", "environment.yml", "-o", "-").stdout
    assert old in text
    (machine.root / "e.lock").write_text(text.replace(old, new))
    before = machine.snapshot(machine.cache)
    machine.json("create", "-f", "e.lock", code=2)
    assert machine.snapshot(machine.cache) == before
