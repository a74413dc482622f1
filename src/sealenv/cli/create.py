"""`sealenv create`."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.asking import agree
from sealenv.cli.completion import SUBDIR
from sealenv.cli.options import QUIET, VERBOSE, YES, once
from sealenv.errors import UsageError
from sealenv.system.streams import is_terminal

if TYPE_CHECKING:
    from sealenv.commands.create import Plan

__all__ = ["create_command"]

_VERSION = re.compile(r"\d+(\.\d+)*")


@click.command(
    "create",
    short_help="Make a standalone environment in an empty folder.",
    epilog="""\b
Examples:
  sealenv create my_env 3.12                     <envs>/my_env_3_12
  sealenv create my_env 3.12 --with 'numpy >=2'  with numpy besides
  sealenv create -p ./env 3.12                   in this very folder
  sealenv create -f environment.yml              what the file asks for
  sealenv create -f my_env.lock                  exactly what is locked
  sealenv create -f my_env.sealenv --offline     a bundle, with no network
  sealenv create my_env -c file:///srv/channel   from a channel of yours
  sealenv create my_env --trace-report FILE      what was written, and where
  sealenv create my_env 3.12 --dry-run           only say what would be done
""",
)
@click.argument("name", required=False)
@click.argument("python", required=False)
@click.option("-n", "--name", "name_option", metavar="NAME", help="The name, as an option.")
@click.option("-p", "--prefix", metavar="PREFIX", help="The folder itself, instead of a name.")
@click.option("-f", "--file", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              callback=once,
              help="An environment.yml: its packages instead of the default ones. Or a bundle or lock "
              "(sealenv.lock, pixi.lock, conda-lock.yml, @EXPLICIT): just what is locked.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("--with", "with_packages", multiple=True, metavar="SPEC",
              help="A package besides, as a MatchSpec. Repeatable.")  # fmt: skip
@click.option("--without", multiple=True, metavar="NAME",
              help="Leave a package out that would be asked for. Repeatable.")  # fmt: skip
@click.option("-c", "--channel", "channels", multiple=True, metavar="CHANNEL",
              help="A channel: name, URL or file:///folder. The first one given comes first, with "
              "strict priority. Without any: conda-forge.")  # fmt: skip
@click.option("--pypi-index", metavar="URL",
              help="Where pip looks for a 'pip:' section, instead of PyPI or the file's "
              "--index-url.")  # fmt: skip
@click.option("--override-channels", is_flag=True, hidden=True,
              help="Always so here: -c replaces the default channel.")  # fmt: skip
@click.option(
    "--platform",
    metavar="SUBDIR",
    shell_complete=SUBDIR,
    help="Make it for another platform, e.g. win-64.",
)
@click.option(
    "--exclude-newer", metavar="TIME", help="Ignore packages built after this time (UTC)."
)
@click.option("--post", metavar="SCRIPT", type=click.Path(path_type=Path),
              help="Copy a script to __home__ and run it there, activated.")  # fmt: skip
@click.option("--trace-report", metavar="FILE", type=click.Path(path_type=Path),
              help="Look before and after at what may not change (HOME, profiles, registry, PATH), and "
              "write what was found to a new file, as JSON.")  # fmt: skip
@click.option("--no-pyc", is_flag=True, help="Do not compile python files.")
@click.option("--no-link-scripts", is_flag=True, help="Do not run post-link scripts; list them.")
@click.option(
    "--offline", is_flag=True, help="Use the network for nothing; what is cached must do."
)
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
    from sealenv.cli.created import show_created, show_plan
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
            hint=f"name it first: sealenv create my_env {name}; to call it so: -n {name}",
        )
    if post:
        check_post(post)
    target = choose_target(
        name=name, python=python, prefix=prefix, file=file, with_packages=with_packages,
        without=without, channels=channels, platform=platform, exclude_newer=exclude_newer,
        pypi_index=pypi_index, environment=environment,
    )  # fmt: skip
    options = CreateOptions(
        offline=offline, pyc=not no_pyc, link_scripts=not no_link_scripts, post=post,
        command=" ".join(shown(word) for word in ["sealenv", *sys.argv[1:]]),
    )  # fmt: skip
    ask = not (yes or as_json or quiet) and is_terminal(sys.stdin) and is_terminal(sys.stderr)
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
            show_plan(planned, as_json)
            return 0

        def confirm(planned: Plan) -> None:
            reporter.end()
            show_plan(planned, False, err=True)
            agree("Proceed?", default=True)

        made = create_target(target, options, reporter, confirm if ask else None)
    show_created(made, as_json, quiet, reporter.seconds)
    return 0
