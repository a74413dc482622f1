"""`sealenv cache info` and `sealenv cache clean`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from sealenv.cli.asking import agree
from sealenv.cli.options import JSON, YES, print_json, size_text
from sealenv.cli.table import print_table
from sealenv.errors import UsageError
from sealenv.system.streams import is_terminal

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
    from sealenv.locations import cache_root, conda_view
    from sealenv.store.archives import Store
    from sealenv.store.cleaning import info

    store, view = Store(Path(cache_root())), conda_view()
    parts = info(store)
    if as_json:
        rows = [
            {"part": p.name, "path": str(p.path), "files": p.files, "bytes": p.size} for p in parts
        ]
        print_json({"root": str(store.root), "conda_cache": view, "parts": rows})
        return 0
    click.echo(f"cache        {store.root}")
    click.echo(
        f"conda cache  {view}\n             (what conda and mamba in the environments use)\n"
    )
    print_table(
        ["PART", "SIZE", "FILES", "WHAT"],
        [[p.name, size_text(p.size), str(p.files), p.what] for p in parts],
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
    from sealenv.locations import cache_root, conda_view
    from sealenv.store.archives import Store
    from sealenv.store.cleaning import PARTS, clean, info

    chosen = {"archives": archives, "unpacked": unpacked, "repodata": repodata, "tmp": tmp}
    parts = [name for name in PARTS if everything or chosen[name]]
    if not parts:
        raise UsageError("nothing to clean is named", hint="--unpacked, --archives ..., or --all")
    store = Store(Path(cache_root()))
    if not yes and not as_json:
        size = sum(p.size for p in info(store) if p.name in parts)
        if not is_terminal(sys.stdin):
            raise UsageError("cleaning needs a yes", where=str(store.root), hint="add -y")
        agree(f"Delete {size_text(size)} in {store.root}?", default=False)
    gone = clean(store, parts, Path(conda_view()))
    freed = sum(p.size for p in gone)
    if as_json:
        print_json({"root": str(store.root), "parts": parts, "bytes": freed})
    else:
        click.echo(f"deleted {size_text(freed)} ({', '.join(parts)})", err=True)
        click.echo("What environments still link to stays on the disk.", err=True)
    return 0
