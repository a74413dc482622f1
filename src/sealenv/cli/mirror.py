"""`sealenv mirror`."""

from __future__ import annotations

import click

from sealenv.cli.completion import ENV_OR_FILE, SUBDIR
from sealenv.cli.options import JSON, QUIET, VERBOSE, print_json, size_text
from sealenv.cli.words import counted
from sealenv.naming import printable

__all__ = ["mirror_command"]


@click.command(
    "mirror",
    short_help="Add the packages of locks to a channel folder.",
    epilog="""\b
Examples:
  sealenv mirror my_env.lock /srv/channel      a folder that a server serves
  sealenv mirror one.lock my_env /srv/channel  several; what is there stays
\b
And then, wherever that is served:
  sealenv create my_env 3.12 -c https://conda.example.org/channel
""",
)
@click.argument("subjects", type=ENV_OR_FILE, metavar="ENV|LOCK...", nargs=-1, required=True)
@click.argument("folder", metavar="DEST", type=click.Path())
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", shell_complete=SUBDIR,
              help="Only for this platform of the locks. Repeatable.")  # fmt: skip
@click.option("--offline", is_flag=True, help="What is in the cache must do.")
@JSON
@QUIET
@VERBOSE
def mirror_command(
    subjects: tuple[str, ...],
    folder: str,
    platforms: tuple[str, ...],
    offline: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Add every package of ENV or LOCK to the channel folder DEST, and index it.

    DEST is a folder that does not exist, an empty one, or a channel. conda, mamba and pixi read it
    as they read any channel. Nothing in it is overwritten or removed.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.mirror import mirror

    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        done = mirror(subjects, folder, platforms=platforms, offline=offline, reporter=reporter)
    if as_json:
        print_json({
            "folder": str(done.folder),
            "packages": done.packages,
            "added": done.added,
            "bytes": done.bytes,
            "indexed": list(done.subdirs),
            "notes": list(done.notes),
        })  # fmt: skip
    elif quiet:
        click.echo(printable(str(done.folder), path=True))
    else:
        click.echo(
            f"added {done.added} of {counted(done.packages, 'package')} "
            f"({size_text(done.bytes)}) to {printable(str(done.folder), path=True)}",
            err=True,
        )
    return 0
