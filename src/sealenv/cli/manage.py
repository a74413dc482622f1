"""`sealenv remove`."""

from __future__ import annotations

import sys

import click

from sealenv.cli.asking import agree
from sealenv.cli.completion import ENV
from sealenv.cli.options import JSON, QUIET, YES, print_json, size_text
from sealenv.errors import UsageError
from sealenv.system.streams import is_terminal

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
    from sealenv.commands.remove import Removal, remove

    if not yes and (as_json or not is_terminal(sys.stdin)):
        raise UsageError("removing needs a yes", where=env, hint="add -y")

    def confirm(removal: Removal) -> None:
        prefix, state = removal.environment.prefix, removal.environment.state
        size = size_text(removal.bytes)
        click.echo(f"{prefix}: {state}, {removal.files} files, {size}", err=True)
        if removal.own:
            click.echo(f"Files of your own, in __home__: {removal.own}.", err=True)
        agree("Remove all of it?", default=False)

    done = remove(
        env, force=force, override_frozen=override_frozen, confirm=None if yes else confirm
    )
    if as_json:
        print_json({"removed": str(done.prefix), "files": done.files, "bytes": done.bytes})
    elif not quiet:
        size = size_text(done.bytes)
        click.echo(f"removed {done.prefix} ({done.files} files, {size})", err=True)
        if done.prefix.is_dir():
            click.echo("note: the empty folder itself cannot be removed, and stays", err=True)
    return 0
