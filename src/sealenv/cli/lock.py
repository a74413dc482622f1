"""`sealenv lock`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.completion import SUBDIR
from sealenv.cli.options import JSON, QUIET, VERBOSE, count_text, once, print_json
from sealenv.cli.packages import packages_json
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sealenv.locks import LockFile
    from sealenv.locks.diff import Change

__all__ = ["lock_command"]


@click.command(
    "lock",
    short_help="Solve without installing, and write down the exact packages.",
    epilog="""\b
Examples:
  sealenv lock 'python=3.12' numpy          sealenv.lock, for this platform
  sealenv lock -f environment.yml           NAME.lock, for what it asks for
  sealenv lock --platform linux-64 --platform win-64
                                            for both, from either
  sealenv lock                              renew it: the newest of everything
  sealenv lock --update numpy               numpy, and what must move with it
  sealenv lock -f list.txt                  fill in the digests of a list
  sealenv create -f sealenv.lock -n my_env  make what is locked
""",
)
@click.argument("packages", metavar="[SPEC]...", nargs=-1)
@click.option("-f", "--file", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              callback=once,
              help="An environment.yml, a list of specs, a lock, or an @EXPLICIT list.")  # fmt: skip
@click.option("-c", "--channel", "channels", multiple=True, metavar="CHANNEL",
              help="A channel: name, URL or file:///folder. The first one given comes first, with "
              "strict priority. Without any: the file's, the lock's, conda-forge.")  # fmt: skip
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR", shell_complete=SUBDIR,
              help="For this platform. Repeatable. Without any: the lock's, or this one.")  # fmt: skip
@click.option("--exclude-newer", metavar="TIME",
              help="Ignore packages built after this time (UTC).")  # fmt: skip
@click.option("--pypi-index", metavar="URL",
              help="Where pip looks for a 'pip:' section, instead of PyPI or the file's "
              "--index-url.")  # fmt: skip
@click.option("--update", multiple=True, metavar="NAME",
              help="Move this package, and only what must move with it. Repeatable.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="Which environment of a pixi.lock that holds several.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE",
              help="The lock to write; - is stdout. Without it: NAME.lock or sealenv.lock.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is no lock of sealenv's.")
@click.option("--offline", is_flag=True,
              help="Use the network for nothing; what is cached must do.")  # fmt: skip
@click.option("-d", "--dry-run", is_flag=True, help="Say what would change; write nothing.")
@JSON
@QUIET
@VERBOSE
def lock_command(
    packages: tuple[str, ...],
    file: Path | None,
    channels: tuple[str, ...],
    platforms: tuple[str, ...],
    exclude_newer: str | None,
    pypi_index: str | None,
    update: tuple[str, ...],
    environment: str | None,
    output: str | None,
    force: bool,
    offline: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
    verbose: int,
) -> int:
    """Find the exact packages for what SPECs (or a file) ask for, and write them to a lock.

    Nothing is installed. Without SPEC and FILE the lock that is there is renewed; where there is none,
    it is what `create` makes: python, conda, mamba and pip. The lock is a pixi.lock (rattler-lock 7).
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.lock import lock

    if output == "-" and as_json:
        raise UsageError("both the lock and JSON on stdout", hint="name a file with -o")
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        done = lock(
            packages, file=file, channels=channels, platforms=platforms,
            exclude_newer=exclude_newer, pypi_index=pypi_index, update=update, output=output,
            force=force, environment=environment, offline=offline, dry_run=dry_run,
            reporter=reporter,
        )  # fmt: skip
    locked, changes = done.file, done.changes
    if done.output is None:
        click.echo(done.text.encode(), nl=False)  # UTF-8, whatever the terminal has
    if as_json:
        _show_json(locked, done.output, dry_run, changes)
    elif not quiet:
        _show(locked, done.output, dry_run, changes, renewed=done.renewed)
    elif done.output is not None:
        click.echo(str(done.output))
    return 0


def _show(
    locked: LockFile,
    output: Path | None,
    dry_run: bool,
    changes: Sequence[Change],
    *,
    renewed: bool,
) -> None:
    for platform in dict.fromkeys([*locked.platforms, *(change.platform for change in changes)]):
        for change in changes:
            if change.platform == platform:
                click.echo(f"{platform}  {change.words()}", err=True)
    if renewed and not changes:
        click.echo("nothing changed", err=True)
    for one in locked.locks:
        click.echo(f"{one.platform:<14} {count_text(one)}", err=True)
    if output is not None:
        click.echo(f"{'would lock' if dry_run else 'locked':<14} {output}", err=True)


def _show_json(
    locked: LockFile, output: Path | None, dry_run: bool, changes: Sequence[Change]
) -> None:
    print_json({
        "output": str(output.absolute()) if output else None,
        "written": not dry_run,
        "name": locked.name,
        "locks": [
            {
                "platform": one.platform,
                "digest": one.digest(),
                "channels": list(one.channels),
                "specs": list(one.specs),
                "virtual_packages": list(one.virtual_packages),
                "exclude_newer": one.exclude_newer,
                **packages_json(one),
            }
            for one in locked.locks
        ],
        "changes": [change.to_json() for change in changes],
    })  # fmt: skip
