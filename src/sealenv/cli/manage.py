"""`sealenv remove`."""

from __future__ import annotations

import os
import sys

import click

from sealenv.cli.asking import agree
from sealenv.cli.completion import ENV
from sealenv.cli.options import JSON, QUIET, YES, print_json, size_text
from sealenv.errors import UsageError
from sealenv.system.terminal import is_terminal

__all__ = ["remove_command"]


@click.command(
    "remove",
    epilog="\b\nExamples:\n  sealenv remove my_env_3_12\n  sealenv remove ./env -y\n",
)
@YES
@QUIET
@JSON
@click.option("--force", is_flag=True, help="Remove it even if programs run from it.")
@click.option("--override-frozen", is_flag=True, help="Remove a frozen environment too (CEP 22).")
@click.argument("env", type=ENV)
def remove_command(
    yes: bool, quiet: bool, as_json: bool, force: bool, override_frozen: bool, env: str
) -> int:
    """Remove the environment ENV (a name or a path) and everything in it.

    Only what sealenv made, or what is certainly a conda environment; never through a link.
    """
    from sealenv.api.moving import find_removable
    from sealenv.commands.environments import inspect, measure
    from sealenv.prefix.removable import check_removable
    from sealenv.prefix.removal import remove, user_files

    prefix = find_removable(env)
    check_removable(prefix, os.environ, override_frozen=override_frozen, force=force)
    e = inspect(prefix)
    files, size = measure(prefix)
    own = user_files(prefix)
    if not yes:
        if as_json or not is_terminal(sys.stdin):
            raise UsageError("removing needs a yes", where=str(prefix), hint="add -y")
        click.echo(f"{prefix}: {e.state}, {files} files, {size_text(size)}", err=True)
        if own:
            click.echo(f"Files of your own, in __home__: {own}.", err=True)
        agree("Remove all of it?", default=False)
    remove(prefix)
    if as_json:
        print_json({"removed": str(prefix), "files": files, "bytes": size})
    elif not quiet:
        click.echo(f"removed {prefix} ({files} files, {size_text(size)})", err=True)
        if prefix.is_dir():
            click.echo("note: the empty folder itself cannot be removed, and stays", err=True)
    return 0
