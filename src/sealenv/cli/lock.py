"""`sealenv lock`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sealenv.cli.options import JSON, QUIET, VERBOSE, count_text, once, parse_timeout
from sealenv.cli.packages import packages_json
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.lock import LockFile
    from sealenv.lock.diff import Change

__all__ = ["lock_command"]


@click.command(
    "lock",
    short_help="Solve without installing, and write down the exact packages.",
    epilog="""\b
Examples:
  sealenv lock 'python=3.12' numpy                    sealenv.lock, for this platform
  sealenv lock -f environment.yml                     NAME.lock, for what the file asks for
  sealenv lock --platform linux-64 --platform win-64  for both, from either
  sealenv lock                                        renew sealenv.lock: the newest of everything
  sealenv lock --update numpy                         only numpy, and what must move with it
  sealenv lock -f list.txt                            an @EXPLICIT list with its digests filled in
  sealenv create -f sealenv.lock -n my_env            make what is locked
""",
)
@click.argument("packages", metavar="[SPEC]...", nargs=-1)
@click.option("-f", "--file", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
              callback=once,
              help="An environment.yml, a list of specs, a lock, or an @EXPLICIT list.")  # fmt: skip
@click.option("-c", "--channel", "channels", multiple=True, metavar="CHANNEL",
              help="A channel: name, URL or file:///folder. The first one given comes first, with "
              "strict priority. Without any: the file's, the lock's, conda-forge.")  # fmt: skip
@click.option("--platform", "platforms", multiple=True, metavar="SUBDIR",
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
    from sealenv import locations
    from sealenv.cli.engine import choose_engine
    from sealenv.cli.progress import make_reporter
    from sealenv.host.files import write_output
    from sealenv.lock.diff import diff
    from sealenv.lock.pixi_write import write_pixi
    from sealenv.locking import lock
    from sealenv.lockrequest import choose
    from sealenv.store.archives import Store

    if output == "-" and as_json:
        raise UsageError("both the lock and JSON on stdout", hint="name a file with -o")
    request = choose(
        packages=packages, file=file, channels=channels, platforms=platforms,
        exclude_newer=exclude_newer, pypi_index=pypi_index, update=update, output=output,
        force=force, environment=environment,
    )  # fmt: skip
    store = Store(Path(locations.cache_root()))
    engine = choose_engine(store, None, None, None, parse_timeout())
    try:
        with store.in_use(), make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
            for warning in request.warnings:
                reporter.warn(warning)
            locked = lock(request, engine, store, reporter, offline=offline)
    finally:
        engine.close()
    text = write_pixi(locked)
    changes = diff(request.previous, locked) if request.previous else []
    if request.output is None:
        click.echo(text.encode(), nl=False)  # UTF-8, whatever the terminal has
    elif not dry_run and not _is_the_same(request.output, text):
        write_output(request.output, text.encode(), force=True)  # `choose` looked what is there
    if as_json:
        _show_json(locked, request.output, dry_run, changes)
    elif not quiet:
        _show(locked, request.output, dry_run, changes, renewed=request.previous is not None)
    elif request.output is not None:
        click.echo(str(request.output))
    return 0


def _is_the_same(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _show(
    locked: LockFile, output: Path | None, dry_run: bool, changes: list[Change], *, renewed: bool
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


def _show_json(locked: LockFile, output: Path | None, dry_run: bool, changes: list[Change]) -> None:
    click.echo(json.dumps({
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
    }, indent=2))  # fmt: skip
