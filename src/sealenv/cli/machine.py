"""`sealenv cache` and `sealenv demo`."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

from sealenv.cli.options import JSON, QUIET, YES, Command
from sealenv.cli.output import ask, is_terminal, paint, print_json, print_table, size_text
from sealenv.errors import UsageError


@click.group(
    "cache",
    epilog="\b\nExamples:\n  sealenv cache info\n  sealenv cache clean --unpacked\n",
)
def cache_command() -> None:
    """Show or clean the package cache."""


@cache_command.command(
    "info",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv cache info\n  sealenv cache info --json\n",
)
@JSON
def cache_info(as_json: bool) -> int:
    """Show what the cache holds and where it is."""
    from sealenv.commands import cache

    found = cache.cache_info()
    if as_json:
        print_json(found)
        return 0
    click.echo(f"cache        {found.root}")
    click.echo(f"conda cache  {found.conda_cache}")
    click.echo("             (what conda and mamba in the environments use)\n")
    print_table(
        ["PART", "SIZE", "FILES", "WHAT"],
        [[p.part, size_text(p.bytes), str(p.files), p.what] for p in found.parts],
    )
    return 0


@cache_command.command(
    "clean",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv cache clean --unpacked\n  sealenv cache clean --all -y\n",
)
@click.option(
    "--archives", is_flag=True, help="Delete verified archives; they are downloaded again."
)
@click.option("--unpacked", is_flag=True, help="Delete unpacked packages; they are unpacked again.")
@click.option(
    "--compiled", is_flag=True, help="Delete compiled Python files; they are compiled again."
)
@click.option("--repodata", is_flag=True, help="Delete channel indexes; they are downloaded again.")
@click.option("--tmp", is_flag=True, help="Delete partial downloads.")
@click.option("--all", "everything", is_flag=True, help="Delete all of these.")
@YES
@JSON
def cache_clean(everything: bool, yes: bool, as_json: bool, **chosen: bool) -> int:
    """Delete parts of the cache. Environments still work afterwards.

    --archives also deletes the archives that sealenv added to the cache of the conda inside the
    environments. What conda added stays, and so does a cache that CONDA_PKGS_DIRS names.
    """
    from sealenv.commands import cache

    parts = [name for name, wanted in chosen.items() if wanted or everything]
    if not parts:
        raise UsageError("nothing to clean was named", hint="sealenv cache clean --all")
    if not yes and not as_json:
        found = cache.cache_info()
        size = sum(p.bytes for p in found.parts if p.part in parts)
        if not is_terminal(sys.stdin):
            again = " ".join(f"--{part}" for part in parts)
            raise UsageError("cleaning needs confirmation", hint=f"sealenv cache clean {again} -y")
        ask(f"Delete {size_text(size)} in {found.root}?")
    done = cache.cache_clean(parts)
    if as_json:
        print_json(done)
    else:
        click.echo(f"deleted {size_text(done.bytes)} ({', '.join(parts)})", err=True)
        click.echo("Files that environments link to stay on the disk.", err=True)
    return 0


@click.command(
    "demo",
    cls=Command,
    epilog="\b\nExamples:\n  sealenv demo\n  sealenv demo --keep ./tour   with the channel in ./tour\n",
)
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path),
              help="Use this new folder instead of a temporary one.")  # fmt: skip
@QUIET
def demo_command(keep: Path | None, quiet: bool) -> int:
    """Take a tour of sealenv without a network.

    Builds a small channel from the Python that runs sealenv, creates an environment from it, runs,
    verifies and removes it, and explains each step. The channel stays, to try `create` with it.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.demo import tour

    number = 0

    def say(heading: str, text: str) -> None:
        nonlocal number
        number += 1
        if quiet:
            return
        reporter.end()
        click.echo(f"\n{paint(f'{number}. {heading}', bold=True)}")
        for line in text.splitlines():
            click.echo(textwrap.fill(line, 88, initial_indent="   ", subsequent_indent="   ",
                                     break_long_words=False, break_on_hyphens=False))  # fmt: skip

    with make_reporter(quiet=quiet, verbose=0) as reporter:
        done = tour(keep, say, reporter)
    if not quiet:
        click.echo("\nNow try it yourself:")
    click.echo(f"  {done.create}")
    if not quiet:
        click.echo(f"The channel is in {done.channel}; delete it when you are done.")
    return 0
