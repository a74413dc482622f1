"""What may stand where on the command line, as the commands themselves declare it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import click

__all__ = [
    "ENV",
    "ENV_OR_FILE",
    "FILE",
    "FOLDER",
    "PROGRAM",
    "TEXT",
    "Command",
    "Option",
    "commands",
]

ENV, ENV_OR_FILE, FILE, FOLDER, PROGRAM, TEXT = "env", "envfile", "file", "dir", "program", "text"
"""Kinds of values; any other kind is the words themselves, separated by spaces."""

_PLATFORMS = "linux-64 linux-aarch64 osx-64 osx-arm64 win-64"
_OF_METAVAR = {
    "ENV": ENV,
    "ENV|LOCK": ENV_OR_FILE,
    "ENV|LOCK...": ENV_OR_FILE,
    "A": ENV_OR_FILE,
    "B": ENV_OR_FILE,
    "FILE": FILE,
    "SCRIPT": FILE,
    "LOCK": FILE,
    "DIR": FOLDER,
    "PREFIX": FOLDER,
    "DEST": FOLDER,
    "NEW": FOLDER,
    "COMMAND": PROGRAM,
    "CMD": PROGRAM,
    "SUBDIR": _PLATFORMS,
    "SHELL": "bash zsh fish tcsh xonsh nu sh dash cmd powershell pwsh",
}


@dataclass(frozen=True)
class Option:
    """One option.

    Attributes:
        names: as they are typed.
        kind: of its value; empty where it has none.
        help: one line.
    """

    names: tuple[str, ...]
    kind: str
    help: str


@dataclass(frozen=True)
class Command:
    """One command, or group.

    Attributes:
        path: `cache info`; empty for the program itself.
        help: one line.
        options: those that help shows.
        arguments: the kind of each.
        repeats: whether the last of them may be repeated.
        trailing: whether all after the first argument is somebody else's command line.
        subcommands: of a group.
    """

    path: str
    help: str
    options: tuple[Option, ...]
    arguments: tuple[str, ...] = ()
    repeats: bool = False
    trailing: bool = False
    subcommands: tuple[str, ...] = ()


def commands(group: click.Group) -> list[Command]:
    """The program, and everything below it."""
    return list(_walk(group, ""))


def _walk(command: click.Command, path: str) -> Iterator[Command]:
    context = click.Context(command, help_option_names=["-h", "--help"])
    options = tuple(_options(command, context))
    line = command.get_short_help_str(200)
    if isinstance(command, click.Group):
        names = tuple(command.list_commands(context))
        yield Command(path, line, options, subcommands=names)
        for name in names:
            below = command.get_command(context, name)
            assert below is not None
            yield from _walk(below, f"{path} {name}".strip())
        return
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    yield Command(
        path, line, options, tuple(_kind(each) for each in arguments),
        repeats=any(each.nargs == -1 for each in arguments),
        trailing=not command.allow_interspersed_args
        or command.context_settings.get("allow_interspersed_args") is False,
    )  # fmt: skip


def _options(command: click.Command, context: click.Context) -> Iterator[Option]:
    for option in command.get_params(context):
        if isinstance(option, click.Option) and not option.hidden:
            valued = not (option.is_flag or option.count)
            help_line = " ".join((option.help or "").split())
            yield Option(
                (*option.opts, *option.secondary_opts), _kind(option) if valued else "", help_line
            )


def _kind(parameter: click.Parameter) -> str:
    if isinstance(parameter.type, click.Choice):
        return " ".join(str(choice) for choice in parameter.type.choices)
    name = parameter.metavar or (parameter.name or "").upper()
    if name == "FORMAT":
        from sealenv.exporting import FORMATS

        return " ".join(FORMATS)
    return _OF_METAVAR.get(name, TEXT)
