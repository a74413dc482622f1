"""`sealenv create`."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.lock import archives_text
from sealenv.cli.options import (
    MACHINE,
    QUIET,
    SUBDIR,
    VERBOSE,
    VIRTUAL_PACKAGE,
    YES,
    Advanced,
    Command,
    once,
)
from sealenv.cli.output import (
    activation_line,
    ask,
    is_terminal,
    print_json,
    show_checked,
    size_text,
)
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sealenv.commands.create import Created, Plan
    from sealenv.locks.model import Package, Wheel

__all__ = ["create_command"]

_VERSION = re.compile(r"\d+(\.\d+)*")


@click.command(
    "create",
    cls=Command,
    epilog="""\b
Examples:
  sealenv create my_env 3.12                     <envs>/my_env_3_12
  sealenv create my_env 3.12 --with 'numpy >=2'  and numpy
  sealenv create -p ./env 3.12                   in this folder
  sealenv create -f environment.yml              the packages in the file
  sealenv create -f my_env.lock                  the locked packages
  sealenv create -f my_env.sealenv --offline     a bundle, without network
  sealenv create my_env -c file:///srv/channel   from your own channel
  sealenv create my_env --trace-report FILE      what was written, and where
  sealenv create my_env 3.12 --dry-run           only show the plan
""",
)
@click.argument("name", required=False)
@click.argument("python", required=False)
@click.option("-n", "--name", "name_option", metavar="NAME", help="The name, as an option.")
@click.option("-p", "--prefix", metavar="PREFIX", help="The folder itself, instead of a name.")
@click.option("-f", "--file", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              callback=once,
              help="An environment.yml: its packages instead of the default ones. Or a bundle or lock "
              "(sealenv.lock, pixi.lock, conda-lock.yml, @EXPLICIT): the locked packages.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("--with", "with_packages", multiple=True, metavar="SPEC",
              help="An additional package, as a MatchSpec. Repeatable.")  # fmt: skip
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
@click.option("--post", cls=Advanced, metavar="SCRIPT", type=click.Path(path_type=Path),
              help="Copy a script to __home__ and run it there, activated.")  # fmt: skip
@click.option("--trace-report", cls=Advanced, metavar="FILE", type=click.Path(path_type=Path),
              help="Compare HOME, profiles, registry and PATH before and after, and write the result "
              "to a new JSON file.")  # fmt: skip
@click.option("--no-pyc", cls=Advanced, is_flag=True, help="Do not compile python files.")
@click.option("--no-link-scripts", cls=Advanced, is_flag=True,
              help="Do not run post-link scripts; list them.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Do not use the network.")
@click.option(
    "-d", "--dry-run", is_flag=True, help="Solve and show the plan; write no environment."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout. Implies -y.")
@YES
@QUIET
@VERBOSE
def create_command(
    name: str | None,
    python: str | None,
    name_option: str | None,
    prefix: str | None,
    file: Path | None,
    environment: str | None,
    with_packages: tuple[str, ...],
    without: tuple[str, ...],
    channels: tuple[str, ...],
    pypi_index: str | None,
    override_channels: bool,
    platform: str | None,
    exclude_newer: str | None,
    virtual_packages: tuple[str, ...],
    machine: Path | None,
    post: Path | None,
    trace_report: Path | None,
    no_pyc: bool,
    no_link_scripts: bool,
    offline: bool,
    dry_run: bool,
    as_json: bool,
    yes: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Make a standalone environment: a chosen Python, with conda, mamba and pip inside it.

    NAME and PYTHON give the folder: `my_env 3.12` becomes <envs>/my_env_3_12, where <envs> is
    SEALENV_ENVS, else PY_ENVS, else a folder of the user's. It must not exist, or be empty.
    """
    from sealenv import locations
    from sealenv.cli.progress import make_reporter
    from sealenv.cli.trace import tracing
    from sealenv.commands.create import CreateOptions, create_target, plan_target
    from sealenv.install.userscripts import check_post
    from sealenv.naming import shown
    from sealenv.request.target import choose_target

    if name_option:
        if name and python:
            raise UsageError("two names", details=[name, name_option], hint="give one of them")
        name, python = name_option, name
    elif name and python is None and prefix is None and _VERSION.fullmatch(name):
        raise UsageError(
            f"{name} is a Python version, and the environment has no name",
            hint=f"give a name first: sealenv create my_env {name}; to use it as the name: -n {name}",
        )
    if post:
        check_post(post)
    target = choose_target(
        name=name, python=python, prefix=prefix, file=file, with_packages=with_packages,
        without=without, channels=channels, platform=platform, exclude_newer=exclude_newer,
        pypi_index=pypi_index, environment=environment, virtual_packages=virtual_packages,
        machine=machine,
    )  # fmt: skip
    options = CreateOptions(
        offline=offline, pyc=not no_pyc, link_scripts=not no_link_scripts, post=post,
        command=" ".join(shown(word) for word in ["sealenv", *sys.argv[1:]]),
    )  # fmt: skip
    asking = not (yes or as_json or quiet) and is_terminal(sys.stdin) and is_terminal(sys.stderr)
    caches = {
        "cache": Path(locations.cache_root()),
        "conda_cache": Path(locations.conda_view()),
    }
    with (
        tracing(trace_report, target.prefix, caches, silent=quiet or as_json),
        make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter,
    ):
        if dry_run:
            planned = plan_target(target, options, reporter)
            reporter.end()
            if as_json:
                print_json(planned)
            else:
                _show_plan(planned)
            return 0

        def confirm(planned: Plan) -> None:
            reporter.end()
            _show_plan(planned, err=True)
            ask("Proceed?", default=True)

        made = create_target(target, options, reporter, confirm if asking else None)
    if as_json:
        print_json(made)
    elif quiet:
        click.echo(made.prefix)
    else:
        _show_created(made)
    return 0


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
    fetch = f"to fetch: {planned.to_fetch} ({size_text(planned.fetch_bytes)})"
    click.echo(f"{archives_text(planned.packages, planned.wheels)}; {fetch}", err=err)
    for channel in channels:
        click.echo(f"channel        {printable(channel)}", err=err)
    click.echo(f"environment    {planned.prefix}", err=err)
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
    from sealenv.naming import shown
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
    if not made.activation:
        return
    line = activation_line(made.prefix, made.platform)
    if made.platform != current_platform():
        click.echo(f"unchecked      {made.platform} does not run here", err=True)
        click.echo(f"use it         {line}", err=True)
        return
    short = made.prefix.name if _has_short_name(made.prefix) else str(made.prefix)
    click.echo(f"\nuse it         sealenv run {shown(short)} -- python", err=True)
    click.echo(f"or activate    {line}", err=True)
    other = "PowerShell: activate.ps1" if os.name == "nt" else "fish, csh, xonsh, nu: activate.*"
    click.echo(f"               (beside it for {other})", err=True)


def _has_short_name(prefix: Path) -> bool:
    from sealenv.locations import resolve_env

    return resolve_env(prefix.name)[0] == str(prefix)
