"""`sealenv cache info` and `sealenv cache clean`."""

from __future__ import annotations

import sys

import click

from sealenv.cli.options import JSON, YES
from sealenv.cli.output import is_terminal, print_json, print_table, size_text
from sealenv.errors import UsageError

__all__ = ["cache_command"]


@click.group(
    "cache",
    epilog="\b\nExamples:\n  sealenv cache info\n  sealenv cache clean --unpacked\n",
)
def cache_command() -> None:
    """Look at, or empty, the package cache."""


@cache_command.command(
    "info", epilog="\b\nExamples:\n  sealenv cache info\n  sealenv cache info --json\n"
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
    epilog="\b\nExamples:\n  sealenv cache clean --unpacked\n  sealenv cache clean --all -y\n",
)
@click.option("--archives", is_flag=True, help="Verified archives; they are fetched again.")
@click.option("--unpacked", is_flag=True, help="Unpacked packages; they are unpacked again.")
@click.option("--repodata", is_flag=True, help="What channels said; it is fetched again.")
@click.option("--tmp", is_flag=True, help="Partial downloads.")
@click.option("--all", "everything", is_flag=True, help="All of these.")
@YES
@JSON
def cache_clean(
    archives: bool,
    unpacked: bool,
    repodata: bool,
    tmp: bool,
    everything: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Delete parts of the cache. Environments go on working.

    With the archives go those that were put into the cache of the conda inside the environments, where
    it is in ours; what conda has put there stays, and a cache that CONDA_PKGS_DIRS names is left alone.
    """
    from sealenv.commands import cache

    chosen = {"archives": archives, "unpacked": unpacked, "repodata": repodata, "tmp": tmp}
    parts = [name for name, wanted in chosen.items() if wanted or everything]
    if not parts:
        raise UsageError("nothing to clean is named", hint="--unpacked, --archives ..., or --all")
    if not yes and not as_json:
        found = cache.cache_info()
        size = sum(p.bytes for p in found.parts if p.part in parts)
        if not is_terminal(sys.stdin):
            raise UsageError("cleaning needs a yes", where=str(found.root), hint="add -y")
        click.confirm(f"Delete {size_text(size)} in {found.root}?", abort=True, err=True)
    done = cache.cache_clean(parts)
    if as_json:
        print_json(done)
    else:
        click.echo(f"deleted {size_text(done.bytes)} ({', '.join(parts)})", err=True)
        click.echo("What environments still link to stays on the disk.", err=True)
    return 0
