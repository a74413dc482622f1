"""Shared options of the commands, completion, and the gate in front of each command."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sealenv.cli.output import WARNINGS, paint
from sealenv.errors import UsageError

__all__ = [
    "CLEAN",
    "ENV",
    "ENV_OR_FILE",
    "JSON",
    "QUIET",
    "STRICT",
    "SUBDIR",
    "VERBOSE",
    "YES",
    "complete_program",
    "guarded",
    "once",
    "one_of",
]

YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Only errors and the result.")
VERBOSE = click.option("-v", "--verbose", count=True, help="Say more.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
CLEAN = click.option("--clean", is_flag=True, help="Ignore the variables of this shell.")
STRICT = click.option("--strict", is_flag=True, help="Refuse a shell that is not clean.")

_ENTERING = frozenset({"run", "shell"})
"""Commands that apply the gate themselves."""
_LOOKING = frozenset({"list", "info", "diff", "cache", "doctor", "which", "demo", "report"})
"""Commands that start no process that could inherit dirty variables: no warning."""
_OURS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "ZDOTDIR")
"""The folders of environments, cache and profiles: `--clean` keeps them, children do not get them."""
_DONE = "_sealenv_guarded"


class _Environment(click.ParamType[str]):
    """The name or path of an environment, or of a file."""

    name = "env"

    def __init__(self, *, or_file: bool = False) -> None:
        self.or_file = or_file

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """List the environments; the shell itself completes paths."""
        from sealenv.locations import envs_dirs

        folders = [Path(folder) for folder in envs_dirs()]
        names = sorted({meta.parent.name for f in folders for meta in f.glob("*/conda-meta")})
        found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
        if found and not self.or_file:
            return found
        return [*found, CompletionItem(incomplete, type="file" if self.or_file else "dir")]


ENV = _Environment()
ENV_OR_FILE = _Environment(or_file=True)


def complete_program(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """List the programs of the environment that `run ENV -- ` names."""
    from sealenv.locations import resolve_env

    prefix, _ = resolve_env(ctx.params.get("env") or "")
    if prefix is None or [word for word in ctx.params.get("command") or () if word != "--"]:
        return [CompletionItem(incomplete, type="file")]
    folders = ["", "Scripts", "Library/bin"] if os.name == "nt" else ["bin"]
    files = [file for folder in folders for file in Path(prefix, folder).glob(f"{incomplete}*")]
    return [CompletionItem(file.name) for file in sorted(files) if file.is_file()]


def one_of(*words: str) -> Callable[..., list[str]]:
    """Return the completion of an option with fixed values."""
    return lambda ctx, param, incomplete: [word for word in words if word.startswith(incomplete)]


SUBDIR = one_of("linux-64", "linux-aarch64", "osx-64", "osx-arm64", "win-64")


def once(context: click.Context, option: click.Parameter, values: tuple[Any, ...]) -> Any:
    """Return the value of an option; click itself would take the last of several.

    Raises:
        UsageError: it occurs more than once.
    """
    if len(values) > 1:
        raise UsageError(
            f"{option.opts[-1]} is given {len(values)} times",
            details=[str(value) for value in values],
            hint="give it once",
        )
    return values[0] if values else None


def guarded(command: click.Command, name: str) -> click.Command:
    """Put the gate in front of a command and its subcommands."""
    if name in _ENTERING or getattr(command, _DONE, False):
        return command
    if isinstance(command, click.Group):
        for child in command.commands.values():
            guarded(child, name)
    elif command.callback is not None:
        command.callback = _behind_gate(command.callback, warn=name not in _LOOKING)
        # `click.option` adds to a function; this one has its own options already.
        for option in (CLEAN, STRICT):
            command.params.append(_parameter(option))
    setattr(command, _DONE, True)
    return command


def _parameter(option: Callable[[Any], Any]) -> click.Parameter:
    made: click.Command = click.command()(option(lambda: None))
    return made.params[0]


def _behind_gate(callback: Callable[..., Any], *, warn: bool) -> Callable[..., Any]:
    def behind_gate(*args: Any, clean: bool, strict: bool, **kwargs: Any) -> Any:
        _pass(clean=clean, strict=strict, warn=warn)
        return callback(*args, **kwargs)

    return behind_gate


def _pass(*, clean: bool, strict: bool, warn: bool) -> None:
    """Refuse a dirty shell, or warn about variables that child processes will not get.

    Raises:
        DirtyShellError: with `strict`; it lists all findings.
    """
    from sealenv.gates.admission import look, refuse

    if clean:
        from sealenv.gates.admission import clean_environ

        kept = clean_environ(os.environ)
        ours = {name: os.environ[name] for name in _OURS if name in os.environ}
        os.environ.clear()
        os.environ.update(kept | ours)
        return
    found = look(os.environ) if strict or warn else []
    if strict and found:
        raise refuse(found)
    if not found:
        return
    lines = [f"not passed on: {finding}" for finding in found]
    click.get_current_context().meta[WARNINGS] = lines
    from sealenv.naming import printable

    for line in lines:
        click.echo(f"{paint('warning', fg='yellow')}: {printable(line)}", err=True)
