"""The README shows nothing that does not work: its console examples run, here against a demo channel."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sealenv.cli.main import _COMMANDS
from sealenv.demo.channel import DemoChannel
from tests.machine import Machine

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    re.findall(r"^\$ (.+)$", block, re.M)
    for block in re.findall(r"^```console$\n(.*?)^```$", README, re.M | re.S)
]


def adapt(line: str, channel: DemoChannel) -> str:
    """The same command for the python that the demo channel has."""
    minor = channel.python_minor
    line = line.replace("my_env_3_12", f"my_env_{minor.replace('.', '_')}")
    return re.sub(
        r"^(sealenv create \S+) 3\.12", rf"\1 {minor} -c {shlex.quote(channel.url)}", line
    )


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="create does not work on Windows yet")
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block[0])
def test_console_examples_run(
    block: list[str], warm_machine: Machine, demo_channel: DemoChannel
) -> None:
    folder = warm_machine.root / "bin"
    folder.mkdir()
    program = folder / "sealenv"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(warm_machine.command())} "$@"\n')
    program.chmod(0o755)
    if not any(line.startswith("sealenv create") for line in block):
        block = ["sealenv create my_env 3.12 --no-pyc", *block]
    env = warm_machine.env | {"SHELL": "/bin/sh"}
    env["PATH"] = f"{folder}:{env['PATH']}"
    for line in block:
        command = adapt(line, demo_channel)
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=env,
            cwd=warm_machine.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_the_table_of_commands_names_every_command() -> None:
    table = README.split("## Commands")[1].split("\n## ")[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = [word for cell in cells for word in re.findall(r"`(\w+)", cell)]
    assert list(dict.fromkeys(named)) == list(_COMMANDS)


def test_the_first_command_is_what_ci_runs() -> None:
    command = re.findall(r"^```sh$\n(.*?)\n```$", README, re.M | re.S)[0]
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert f"- run: {command}\n" in workflow


@pytest.mark.parametrize(
    "file", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=lambda p: p.name
)
def test_links_lead_somewhere(file: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", file.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target, anchor in re.findall(r"\]\((?!https?://)([^)#\s]*)(?:#([^)\s]*))?\)", text):
        found = (file.parent / target).resolve() if target else file
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.M)
            slugs = [re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads]
            assert anchor in slugs, f"{target}#{anchor}"
