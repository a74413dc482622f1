"""`sealenv create`."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sealenv.cli.options import (
    MACHINE,
    QUIET,
    SUBDIR,
    VERBOSE,
    VIRTUAL_PACKAGE,
    YES,
    Advanced,
    Command,
    dry_run,
    once,
)
from sealenv.cli.output import (
    activation_line,
    archives_text,
    ask,
    counted,
    is_terminal,
    print_json,
    show_checked,
    size_text,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sealenv.commands.create import Created, Plan
    from sealenv.locks.model import Package, Wheel

T = TypeVar("T")


@click.command(
    "create",
    cls=Command,
    epilog="""\b
Examples:
  sealenv create my_env 3.12                     <envs>/my_env_3_12
  sealenv create my_env 3.12 'numpy >=2' scipy   and two packages
  sealenv create -n my_env python=3.12           <envs>/my_env
  sealenv create -p ./env 3.12                   in this folder
  sealenv create -f environment.yml              the packages in the file
  sealenv create -f my_env.lock                  the locked packages
  sealenv create -f my_env.sealenv --offline     a bundle, without network
  sealenv create my_env 3.13 --replace           replaces a sealed environment
  sealenv create my_env -c file:///srv/channel   from your own channel
  sealenv create my_env 3.12 --dry-run           only show the plan
""",
)
@click.argument("words", metavar="[NAME] [PYTHON] [SPEC]...", nargs=-1)
@click.option("-n", "--name", metavar="NAME", help="The folder's name, without the version.")
@click.option("-p", "--prefix", metavar="PREFIX", help="The folder itself, instead of a name.")
@click.option("-f", "--file", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              callback=once,
              help="An environment.yml: its packages instead of the default ones. Or a bundle or lock "
              "(sealenv.lock, pixi.lock, conda-lock.yml, @EXPLICIT): the locked packages.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("--with", "with_packages", multiple=True, metavar="SPEC",
              help="An additional package, as SPEC. Repeatable.")  # fmt: skip
@click.option("--without", multiple=True, metavar="NAME",
              help="Leave out a default package or one in the file. Repeatable.")  # fmt: skip
@click.option("-c", "--channel", "channels", multiple=True, metavar="CHANNEL",
              help="A channel: name, URL or file:///folder. The first one given comes first, with "
              "strict priority. Without any: conda-forge.")  # fmt: skip
@click.option("--pypi-index", cls=Advanced, metavar="URL",
              help="Where pip looks for a 'pip:' section, instead of PyPI or the file's "
              "--index-url.")  # fmt: skip
@click.option("--override-channels", is_flag=True, hidden=True,
              help="Accepted: -c always replaces the default channel.")  # fmt: skip
@click.option(
    "--platform",
    metavar="SUBDIR",
    shell_complete=SUBDIR,
    help="Make it for another platform, e.g. win-64.",
)
@click.option("--exclude-newer", metavar="TIME",
              help="Ignore packages built after this time (UTC), or less than 7d, 2w, 24h or P7D "
              "ago.")  # fmt: skip
@VIRTUAL_PACKAGE
@MACHINE
@click.option("--replace", is_flag=True,
              help="Replace a sealed environment, once all packages are there. Your files are kept in "
              "its __home__.")  # fmt: skip
@click.option("--post", cls=Advanced, metavar="SCRIPT", type=click.Path(path_type=Path),
              help="Copy a script to __home__ and run it there, activated.")  # fmt: skip
@click.option("--trace-report", cls=Advanced, metavar="FILE", type=click.Path(path_type=Path),
              help="Compare HOME, profiles, registry and PATH before and after, and write the result "
              "to a new JSON file.")  # fmt: skip
@click.option("--no-pyc", cls=Advanced, is_flag=True, help="Do not compile python files.")
@click.option("--no-link-scripts", cls=Advanced, is_flag=True,
              help="Do not run post-link scripts; list them.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not use the network.")
@dry_run("Solve and show the plan; write no environment.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout. Implies -y.")
@YES
@QUIET
@VERBOSE
def create_command(
    words: tuple[str, ...],
    name: str | None,
    prefix: str | None,
    with_packages: tuple[str, ...],
    trace_report: Path | None,
    override_channels: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    quiet: bool,
    verbose: int,
    **how: Any,
) -> int:
    """Make a standalone environment: a chosen Python, with conda, mamba and pip inside it.

    NAME and PYTHON give the folder: `my_env 3.12` becomes <envs>/my_env_3_12, where <envs> is
    SEALENV_ENVS, else PY_ENVS, else your user data folder. It must not exist, or be empty. SPEC is a
    package, as a MatchSpec; PYTHON is short for python=PYTHON.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.create import create, plan
    from sealenv.naming import shown
    from sealenv.request.target import read_words

    read = read_words(words, name, prefix)
    how |= {
        "name": read["name"], "python": read["python"], "prefix": read["prefix"],
        "with_packages": [*read["packages"], *with_packages],
    }  # fmt: skip
    silent = quiet or as_json
    asking = not (yes or silent) and is_terminal(sys.stdin) and is_terminal(sys.stderr)
    with (
        contextlib.ExitStack() as stack,
        make_reporter(quiet=silent, verbose=verbose) as reporter,
    ):

        def begin(place: Path) -> None:
            if trace_report:
                from sealenv.cli.trace import tracing

                stack.enter_context(tracing(trace_report, place, silent=silent))

        def confirm(planned: Plan) -> None:
            reporter.end()
            _show_plan(planned, err=True)
            if asking:
                ask("Proceed?", default=True)

        if dry_run:
            for option in ("post", "no_pyc", "no_link_scripts"):
                del how[option]
            planned = plan(**how, begin=begin, reporter=reporter)
            reporter.end()
            _show(planned, as_json, _show_plan)
            return 0
        made = create(
            **how, command=" ".join(shown(word) for word in ["sealenv", *sys.argv[1:]]),
            begin=begin, confirm=None if silent else confirm, reporter=reporter,
        )  # fmt: skip
    _show(made, as_json, _show_place if quiet else _show_created)
    return 0


def _show(result: T, as_json: bool, show: Callable[[T], None]) -> None:
    if as_json:
        print_json(result)
    else:
        show(result)


def _show_place(made: Created) -> None:
    click.echo(made.prefix)


def _show_plan(planned: Plan, *, err: bool = False) -> None:
    """Print the packages, the downloads, and every folder that is written."""
    from sealenv.naming import printable

    archives: list[Package | Wheel] = [*planned.packages, *planned.wheels]
    width = max((len(a.name) for a in archives), default=0)
    wide = max((len(a.version) for a in archives), default=0)
    channels = short_names(package.channel for package in planned.packages)

    def line(archive: Package | Wheel, origin: str) -> None:
        size = size_text(archive.size)
        text = f"  {archive.name:<{width}}  {archive.version:<{wide}}  {size:>9}  {origin}"
        click.echo(text, err=err)

    for package in sorted(planned.packages, key=lambda p: p.name):
        line(package, f"{channels[package.channel]}/{package.subdir}")
    for wheel in sorted(planned.wheels, key=lambda w: w.name):
        line(wheel, wheel.file)
    size = f" ({size_text(planned.fetch_bytes)})" if planned.fetch_bytes else ""
    fetch = f"to fetch: {planned.to_fetch}{size}"
    click.echo(f"{archives_text(planned.packages, planned.wheels)}; {fetch}", err=err)
    for channel in channels:
        click.echo(f"channel        {printable(channel)}", err=err)
    replaced = " (replaced)" if planned.replaces else ""
    click.echo(f"environment    {planned.prefix}{replaced}", err=err)
    click.echo(f"package cache  {planned.writes.cache}", err=err)
    click.echo(f"conda's cache  {planned.writes.conda_cache}", err=err)
    click.echo("Nothing else is written anywhere.", err=err)


def short_names(channels: Iterable[str]) -> dict[str, str]:
    """Shorten channels to the last part of their address, if all of these differ."""
    short = {channel: channel.rstrip("/").rpartition("/")[2] for channel in sorted({*channels})}
    alone = len({*short.values()}) == len(short) and all(short.values())
    return short if alone else {channel: channel.rstrip("/") or channel for channel in short}


def _show_created(made: Created) -> None:
    """Print the place, the versions, and how to use it."""
    from sealenv.spec.model import current_platform

    if made.messages:
        click.echo(made.messages.rstrip())
    # conda and mamba always ship the same `activate`.
    clobbers = [c for c in made.clobbers.items() if not set(c[1]) <= {"conda", "mamba"}]
    for path, owners in sorted(clobbers)[:10]:
        click.echo(f"note: {path} is in {', '.join(owners)}; one is in place", err=True)
    if made.checked:
        show_checked(made.python, made.tools)
    if made.skipped_link_scripts:
        names = ", ".join(made.skipped_link_scripts)
        click.echo(f"not run        post-link scripts of {names}", err=True)
    click.echo(f"sealed         {made.prefix}", err=True)
    click.echo(f"{'':<15}{_what_was_made(made)}", err=True)
    if not made.activation:
        return
    if made.platform != current_platform():
        click.echo(f"unchecked      {made.platform} does not run here", err=True)
        click.echo(f"use it         {activation_line(made.prefix, made.platform)}", err=True)
        return
    click.echo("", err=True)
    for label, command in _next_commands(made.prefix, made.platform):
        click.echo(f"{label:<15}{command}", err=True)


def _what_was_made(made: Created) -> str:
    """Return one line: Python, packages, size and time."""
    packages = counted(made.packages, "package")
    if made.wheels:
        packages += f" and {counted(made.wheels, 'wheel')}"
    parts = [packages, size_text(made.bytes), f"{sum(made.seconds.values()):.0f} s"]
    return ", ".join([f"Python {made.python}", *parts] if made.python else parts)


def _next_commands(prefix: Path, platform: str) -> list[tuple[str, str]]:
    """Return two commands that work in this terminal, also where another environment is active."""
    from sealenv.gates.admission import find, look
    from sealenv.naming import shown

    name = shown(prefix.name if _has_short_name(prefix) else str(prefix))
    clean = "--clean " if "--clean" in sys.argv or look(os.environ) else ""
    use = ("use it", f"sealenv run {clean}{name} -- python")
    if clean or find(os.environ, own=True):
        return [use, ("or a shell", f"sealenv shell {clean}{name}")]
    other = "PowerShell: activate.ps1" if os.name == "nt" else "other shells: activate.*"
    return [
        use,
        ("or activate", activation_line(prefix, platform)),
        ("", f"(in the same folder for {other})"),
    ]


def _has_short_name(prefix: Path) -> bool:
    from sealenv.locations import resolve_env

    return resolve_env(prefix.name)[0] == str(prefix)
