"""Every command's --help: what a new user reads first."""

from __future__ import annotations

import re

import click
import pytest

from docs.tools.json_schema import _walk
from sealenv.cli.main import cli

COMMANDS = dict(_walk(cli, "")) | {"": cli, "cache": cli.get_command(click.Context(cli), "cache")}


@pytest.mark.parametrize("name", COMMANDS)
def test_it_has_examples_and_fits(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    path = f"sealenv {name}".strip()
    context = click.Context(
        command, info_name=path, terminal_width=80, help_option_names=["-h", "--help"]
    )
    text = command.get_help(context)
    assert [line for line in text.splitlines() if len(line) > 80] == []
    shown = re.split(r"^ *(?:Examples?|First steps):$", text, flags=re.M)
    assert len(shown) == 2
    assert re.search(rf"\b{path} ?", shown[1])


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_does(name: str) -> None:
    command = COMMANDS[name]
    assert command is not None
    silent = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not (option.help or "").endswith((".", ")"))
    ]
    assert silent == []
    assert (command.help or "").strip().split("\n\n")[0].endswith((".", ":"))
