"""`sealenv move` and `sealenv clone`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sealenv.cli.options import ENV, JSON, QUIET, VERBOSE
from sealenv.cli.output import counted, print_json, show_checked

if TYPE_CHECKING:
    from sealenv.commands.move import Moved

__all__ = ["clone_command", "move_command"]

_DRY = click.option(
    "-d", "--dry-run", is_flag=True, help="Search and check, change nothing; -v names all."
)


@click.command(
    "move",
    epilog="\b\nExamples:\n  sealenv move my_env_3_12 /data/envs/my_env_3_12\n"
    "  sealenv move my_env_3_12 new_name\n  sealenv move ./env /mnt/other/env --copy\n"
    "  sealenv move --here ./env            it was moved or copied by hand\n",
)
@click.option("--here", is_flag=True, help="Fix an environment that was already moved by hand.")
@click.option("--copy", is_flag=True, help="Copy, check, then remove, also on one file system.")
@click.option("--force", is_flag=True, help="Move it even if programs run from it.")
@click.option("--override-frozen", is_flag=True, help="Move a frozen environment too (CEP 22).")
@_DRY
@JSON
@QUIET
@VERBOSE
@click.argument("env", type=ENV)
@click.argument("dest", required=False)
def move_command(
    here: bool,
    copy: bool,
    force: bool,
    override_frozen: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
    env: str,
    dest: str | None,
) -> int:
    """Move the environment ENV (a name or a path) to DEST.

    DEST is a path, or a name in the folder of environments: a folder that does not exist, or an empty
    one. Only files that hold the path are rewritten. The same command finishes an interrupted move.
    To another file system the environment is copied, and the old one is removed if nothing was written
    into it meanwhile.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.move import move

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        moved = move(
            env, dest, here=here, copy=copy, force=force, override_frozen=override_frozen,
            dry_run=dry_run, reporter=reporter,
        )  # fmt: skip
    if as_json:
        print_json(moved)
    else:
        _show(moved, quiet, verbose)
    return 0


@click.command(
    "clone",
    epilog="\b\nExamples:\n  sealenv clone my_env_3_12 my_env_copy\n"
    "  sealenv clone my_env_3_12 ./env --copy\n",
)
@click.option("--copy", is_flag=True, help="Copy all files, share none.")
@JSON
@QUIET
@VERBOSE
@click.argument("env", type=ENV)
@click.argument("new")
def clone_command(copy: bool, as_json: bool, quiet: bool, verbose: int, env: str, new: str) -> int:
    """Make NEW, an environment like ENV (a name or a path).

    NEW is a path, or a name in the folder of environments. Unchanged files of packages
    are hard links, as in every environment that sealenv makes; all others are copies. Updating,
    moving or removing one never changes the other. But a hard link is one file with two names: if you
    write into it in place, or change its mode, both environments change. --copy shares nothing.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.clone import clone

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        cloned = clone(env, new, copy=copy, reporter=reporter)
    if as_json:
        print_json(cloned)
    elif quiet:
        click.echo(cloned.prefix)
    else:
        if cloned.check:
            show_checked(cloned.check.python, cloned.check.tools)
        else:
            click.echo("unchecked      it does not run here", err=True)
        counts = f"{cloned.linked} hard links, {cloned.copied} copies"
        click.echo(f"cloned         {cloned.prefix} ({counts})", err=True)
    return 0


def _show(moved: Moved, quiet: bool, verbose: int) -> None:
    from sealenv.locations import resolve_env
    from sealenv.naming import printable, shown

    if moved.dry_run:
        for path in moved.rewritten:
            click.echo(f"would be rewritten  {printable(path, path=True)}")
        if verbose:
            for path in moved.deleted:
                click.echo(f"would be deleted    {printable(path, path=True)}")
        counts = f"{len(moved.rewritten)} files hold {moved.was}"
        if moved.deleted:
            counts += f", and {len(moved.deleted)} .pyc files, which Python writes again"
            counts += "" if verbose else " (-v names them)"
        click.echo(f"{counts}; nothing was changed", err=True)
        return
    if quiet:
        click.echo(moved.prefix)
        return
    if moved.how == "unchanged":
        click.echo(f"{moved.prefix} needs no change", err=True)
        return
    for item in moved.left:
        path = printable(item.path, path=True)
        click.echo(f"note: {path} holds {moved.was}: {item.why}", err=True)
    for path in moved.unsigned:
        click.echo(f"warning: sign it on macOS: codesign --force --sign - {path}", err=True)
    if moved.check:
        show_checked(moved.check.python, moved.check.tools)
    word = {"rewritten": "fixed", "renamed": "moved", "copied": "moved"}[moved.how]
    click.echo(
        f"{word:<14} {moved.prefix} ({counted(len(moved.rewritten), 'file')} rewritten)", err=True
    )
    if resolve_env(moved.prefix.name)[0] != str(moved.prefix):
        click.echo(f"listed by      sealenv list --in {shown(str(moved.prefix.parent))}", err=True)
    if moved.original:
        click.echo(f"               {moved.was} is still there, unchanged", err=True)
