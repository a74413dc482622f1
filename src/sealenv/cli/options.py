"""Commands with their gate and their help, and the options that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from sealenv.cli.output import WARNINGS, paint
from sealenv.errors import UsageError


class Advanced(click.Option):
    """An option that `--help` lists under "Advanced"."""


YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
QUIET = click.option("-q", "--quiet", is_flag=True, help="Print only errors and the result.")
VERBOSE = click.option("-v", "--verbose", count=True, help="Print more.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object to stdout.")
VIRTUAL_PACKAGE = click.option(
    "--virtual-package", "virtual_packages", cls=Advanced, multiple=True, metavar="NAME=VERSION",
    help="Solve for a machine with this property, such as __cuda=12.4; __cuda= is without. Repeatable.",
)  # fmt: skip
MACHINE = click.option(
    "--machine", cls=Advanced, metavar="FILE", type=click.Path(path_type=Path),
    help="Solve for the machine in FILE, from `sealenv doctor --write-machine`.",
)  # fmt: skip
_CLEAN = "Ignore the variables of this shell."
_STRICT = "Refuse a shell that is not clean."
CLEAN = click.option("--clean", is_flag=True, help=_CLEAN)
STRICT = click.option("--strict", is_flag=True, help=_STRICT)

_LOOKING = frozenset({"list", "info", "diff", "clean", "doctor", "which", "report"})
"""Commands that start no process that could inherit dirty variables: they have no gate."""
_OURS = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "ZDOTDIR")
"""The folders of environments, cache and profiles: `--clean` keeps them, children do not get them."""


def dry_run(text: str) -> Callable[[Any], Any]:
    """Return the decorator that adds `--dry-run` with this help."""
    return click.option("-d", "--dry-run", is_flag=True, help=text)


class Entering(click.Command):
    """A command with grouped options. `run` and `shell` apply the gate themselves."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the common options, then the rare ones."""
        for heading, rare in (("Options", False), ("Advanced", True)):
            records = [
                record
                for param in self.get_params(ctx)
                if isinstance(param, click.Option)
                and isinstance(param, Advanced) == rare
                and (record := param.get_help_record(ctx))
            ]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)


class Command(Entering):
    """A command behind the gate, with `--clean` and `--strict`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.name not in _LOOKING:
            self.params += [
                Advanced(["--clean"], is_flag=True, help=_CLEAN),
                Advanced(["--strict"], is_flag=True, help=_STRICT),
            ]

    def invoke(self, ctx: click.Context) -> Any:
        """Check this shell, then run the command."""
        if self.name not in _LOOKING:
            clean, strict = ctx.params.pop("clean"), ctx.params.pop("strict")
            if clean:
                _start_clean()
            else:
                _look(ctx, strict=strict)
        return super().invoke(ctx)


def _start_clean() -> None:
    from sealenv.gates.admission import clean_environ

    kept = clean_environ(os.environ)
    ours = {name: os.environ[name] for name in _OURS if name in os.environ}
    os.environ.clear()
    os.environ.update(kept | ours)


def _look(ctx: click.Context, *, strict: bool) -> None:
    """Refuse a dirty shell, or report the variables that child processes will not get.

    Raises:
        DirtyShellError: with `strict`; it lists all findings.
    """
    verbose, as_json = ctx.params.get("verbose"), ctx.params.get("as_json")
    if not (strict or verbose or as_json):
        return
    from sealenv.gates.admission import look, refuse
    from sealenv.naming import printable

    found = look(os.environ)
    if strict and found:
        raise refuse(found)
    if not found:
        return
    lines = [f"ignoring {finding}" for finding in found]
    ctx.meta[WARNINGS] = lines
    for line in lines if verbose else ():
        click.echo(f"{paint('note', fg='cyan')}: {printable(line)}", err=True)


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


def environment(
    parameter: str = "env", *, then: str | None = None, metavar: str = "ENV", or_file: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the argument ENV, and -n/--name and -p/--prefix to be used instead of it.

    Args:
        parameter: the parameter of the command that gets the environment.
        then: the parameter of the next argument, which moves up if -n or -p is used.
        metavar: the argument in the usage line.
        or_file: the argument may be a file.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def call(env_name: str | None, env_folder: str | None, **values: Any) -> Any:
            if env_name is not None and env_folder is not None:
                raise UsageError("-n and -p both name an environment", hint="use one of them")
            option = env_name
            if env_folder is not None:
                option = os.path.abspath(os.path.expanduser(env_folder))
            if option is not None:
                _move_up(values, parameter, then)
                values[parameter] = option
            elif values[parameter] is None:
                raise click.UsageError(f"Missing argument '{metavar}'.")
            return function(**values)

        argument = click.argument(
            parameter, metavar=metavar, required=False, type=ENV_OR_FILE if or_file else ENV
        )
        prefix = click.option("-p", "--prefix", "env_folder", metavar="PATH",
                              type=click.Path(file_okay=False),
                              help="The environment in this folder.")  # fmt: skip
        named = click.option("-n", "--name", "env_name", metavar="NAME", type=ENV,
                             help="The environment with this name, instead of ENV.")  # fmt: skip
        return named(prefix(argument(call)))

    return decorate


def _move_up(values: dict[str, Any], parameter: str, then: str | None) -> None:
    """Give the first argument to the second parameter.

    Raises:
        UsageError: it has a value already.
    """
    first = values[parameter]
    if first is None:
        return
    second = values.get(then) if then else first
    if isinstance(second, tuple):
        values[str(then)] = (first, *second)
    elif second is None:
        values[str(then)] = first
    else:
        raise UsageError(
            "the environment is named twice",
            details=[f"as an argument: {first}"],
            hint="use -n NAME, -p PATH or the argument ENV, not two of them",
        )


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
