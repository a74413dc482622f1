"""The command line: load the module of a command when it is called, and report errors."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.shell_completion import shell_complete

from sealenv._version import __version__
from sealenv.cli.output import DeclinedError, activation_line, paint
from sealenv.errors import (
    InterruptedCommandError,
    SealenvError,
    UsageError,
    from_oserror,
)

_GROUPS = {
    "Make": {
        "create": ("create", "Create a standalone environment in an empty folder."),
        "lock": ("lock", "Solve without installing, and write the exact packages to a file."),
        "clone": ("move", "Copy an environment."),
        "remove": ("environments", "Remove an environment and everything in it."),
    },
    "Use": {
        "run": ("run", "Run one command in an environment."),
        "shell": ("run", "Open a clean shell in an environment; `exit` leaves it."),
        "list": ("environments", "List your environments."),
        "info": ("environments", "Show one environment."),
        "which": ("run", "Show what a command would run in an environment, and why."),
    },
    "Check": {
        "verify": ("verify", "Compare an environment with its seal."),
        "repair": ("verify", "Restore damaged files from the packages' archives."),
        "seal": ("verify", "Seal an environment as it is now, or adopt one of another tool."),
        "diff": ("lock", "Compare locks and environments."),
        "report": ("environments", "Show an environment on one page, or write its SBOM."),
    },
    "Move": {
        "move": ("move", "Move an environment, or fix one that was moved by hand."),
        "audit": ("move", "Find files that contain the environment's path, and fix them."),
    },
    "Share": {
        "export": ("export", "Export an environment or a lock, also as a script."),
        "bundle": ("export", "Write everything needed to create an environment into one file."),
        "mirror": ("export", "Add the packages of locks to a channel folder."),
    },
    "Machine": {
        "doctor": ("doctor", "Check this shell and machine for settings that affect environments."),
        "cache": ("machine", "Show or clean the package cache."),
        "demo": ("machine", "Take a tour offline, in a temporary folder."),
    },
}
"""Heading -> command -> its module in this folder, and its line in `--help`."""

_COMMANDS = {name: place for group in _GROUPS.values() for name, place in group.items()}

_CONDA = "conda, mamba and pip inside the environment change packages"
_INSTEAD = {
    "activate": (
        "the environment has a script for each shell",
        "sealenv info ENV shows the command",
    ),
    "add": (_CONDA, "sealenv run ENV -- conda install PACKAGE"),
    "completion": (
        "your shell asks sealenv itself",
        'eval "$(_SEALENV_COMPLETE=bash_source sealenv)" (or zsh_source, fish_source)',
    ),
    "deactivate": ("the activated shell has a command for it", "deactivate"),
    "env": (
        "list, create, export and remove are commands of sealenv itself",
        "sealenv create -f environment.yml",
    ),
    "gate": ("doctor shows the current shell", "sealenv doctor --only shell"),
    "init": ("sealenv does not change your shell's start-up files", "sealenv shell ENV"),
    "install": (_CONDA, "sealenv run ENV -- conda install PACKAGE"),
    "ls": ("it is called list", "sealenv list"),
    "refresh": ("repair writes the activation scripts and .condarc again", "sealenv repair ENV"),
    "rm": ("it is called remove", "sealenv remove ENV"),
    "uninstall": (_CONDA, "sealenv run ENV -- conda remove PACKAGE"),
    "update": (_CONDA, "sealenv run ENV -- conda update PACKAGE"),
}
"""Commands of conda and of earlier versions -> why they do not exist, and what to type."""

_COMPLETE = "_SEALENV_COMPLETE"
"""Set by click's completion scripts."""

_ENDING = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    _ENDING.append(signal.SIGHUP)


class _Lazy(click.Group):
    """A group that imports a command when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"sealenv.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        command.short_help = _COMMANDS[cmd_name][1]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, _COMMANDS))
        for heading, group in _GROUPS.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{name:<{width}}", group[name][1]) for name in group])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in _COMMANDS and not name.startswith("-"):
            raise _no_command(name, args[1:])
        return super().resolve_command(ctx, args)


def _no_command(name: str, words: Sequence[str]) -> UsageError:
    why, hint = _INSTEAD.get(name, ("", "sealenv --help"))
    near = None if why else _close(name, [*_COMMANDS, *_INSTEAD])
    if near:
        _, then = _INSTEAD.get(near, ("", f"sealenv {near} --help"))
        hint = f"did you mean {near}? {then}"
    elif name == "activate" and words:
        from sealenv.locations import resolve_env
        from sealenv.spec.model import current_platform

        prefix = Path(resolve_env(words[0])[0] or words[0])
        hint = activation_line(prefix, current_platform())
    return UsageError(f"no such command {name!r}" + (f": {why}" if why else ""), hint=hint)


def _close(word: str, names: Sequence[str]) -> str | None:
    """Return the name that differs from a word by a slip of the finger."""
    import difflib

    return next(iter(difflib.get_close_matches(word, names, n=1, cutoff=0.8)), None)


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nFirst steps:\n"
    "  sealenv create my_env 3.12           create <envs>/my_env_3_12\n"
    "  sealenv run my_env_3_12 -- python    run a command in it\n"
    + (
        "  call <envs>\\my_env_3_12\\activate.bat     or activate it in cmd.exe\n"
        if os.name == "nt"
        else "  . <envs>/my_env_3_12/activate.sh     or activate it in your shell\n"
    )
    + "  sealenv demo                         see all of it without a network\n",
)
@click.version_option(__version__, "-V", "--version", message="sealenv %(version)s")
def cli() -> None:
    """Standalone conda environments as sealed units.

    Each environment is complete in its own folder: a chosen Python with conda and mamba inside it.
    It is created, used, verified and removed without side effects: no base environment, no shell
    hooks, no registry or profile edits.
    """


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code (docs/reference/exit-codes.md)."""
    args = list(sys.argv[1:] if argv is None else argv)
    if os.name == "nt":
        # Pipes and files use the ANSI code page: escape other characters instead of failing.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
    for number in _ENDING[1:]:
        signal.signal(number, _interrupt)
    if _COMPLETE in os.environ:
        return shell_complete(cli, {}, "sealenv", _COMPLETE, os.environ[_COMPLETE])
    if args[:1] == ["help"]:
        args = [*args[1:2], "--help"]  # as in git, conda and pip
    as_json = "--json" in args
    # Our own failures in `run` and `shell` are 125, as in env(1): other codes are the command's.
    ours = 125 if args[:1] in (["run"], ["shell"]) else None
    try:
        # Not cli.main(): it turns a closed pipe into exit code 1, which means "findings" here.
        with cli.make_context("sealenv", args) as context:
            result: Any = cli.invoke(context)
            sys.stdout.flush()
    except SealenvError as error:
        _report(error, as_json)
        return ours or error.exit_code
    except click.exceptions.Abort:
        click.echo("Aborted; nothing was changed.", err=True)
        return 130
    except DeclinedError:
        click.echo("Nothing was changed.", err=True)
        return 1
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return 2
    except click.ClickException as error:
        _report(_translate(error, args), as_json)
        return ours or error.exit_code
    except KeyboardInterrupt:
        for number in _ENDING:
            signal.signal(number, _ignore)
        if as_json and not ours:
            _report(InterruptedCommandError("interrupted"), as_json)
        else:
            click.echo("Interrupted.", err=True)
        return 130
    except BrokenPipeError:
        # The reader left, as in `sealenv list | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 141
    except OSError as error:
        mapped = from_oserror(error)
        _report(mapped, as_json)
        return ours or mapped.exit_code
    return result if isinstance(result, int) else 0


def _translate(error: click.ClickException, args: Sequence[str]) -> UsageError:
    """Convert an error of click to ours."""
    name = args[0] if args and args[0] in _COMMANDS else ""
    text = error.format_message()
    hint = f"sealenv {name}".strip() + " --help"
    if isinstance(error, click.NoSuchOption):
        text, near = error.message, _close(error.option_name, error.possibilities or [])
        hint = f"did you mean {near}? {hint}" if near else hint
    if name == "shell" and "-c" in args:
        hint = "to run one command: sealenv run ENV -- COMMAND"
    text = " ".join(text.rstrip(".").split())
    if name == "list" and ("extra argument" in text or isinstance(error, click.NoSuchOption)):
        hint = "the packages of one environment: sealenv info ENV --packages"
    return UsageError(text[:1].lower() + text[1:], hint=hint)


def _interrupt(number: int, frame: object) -> None:
    # timeout(1) sends its signal twice, to us and to our group: the second must not end the clean-up.
    for known in _ENDING[1:]:
        signal.signal(known, _ignore)
    raise KeyboardInterrupt


def _ignore(number: int, frame: object) -> None:
    """Ignore it; children would inherit SIG_IGN."""


def _report(error: SealenvError, as_json: bool) -> None:
    if as_json:
        import json

        try:
            click.echo(json.dumps(error.to_json(), indent=2))
            return
        except OSError:  # stdout itself failed
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # for the flush at exit
    from sealenv.naming import printable

    lines = str(error).split("\n")
    click.echo(f"{paint('error', fg='red', bold=True)}: {printable(lines[0])}", err=True)
    for line in lines[1:]:
        click.echo(printable(line), err=True)
