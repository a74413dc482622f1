"""`sealenv lock` and `sealenv diff`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sealenv.cli.options import (
    ENV_OR_FILE,
    JSON,
    MACHINE,
    QUIET,
    SUBDIR,
    VERBOSE,
    VIRTUAL_PACKAGE,
    Advanced,
    Command,
    dry_run,
    environment,
    once,
)
from sealenv.cli.output import archives_text, print_json
from sealenv.errors import UsageError

if TYPE_CHECKING:
    from sealenv.commands.lock import Locked


@click.command(
    "lock",
    cls=Command,
    epilog="""\b
Examples:
  sealenv lock 'python=3.12' numpy          sealenv.lock, for this platform
  sealenv lock -f environment.yml           NAME.lock, for its packages
  sealenv lock --platform linux-64 --platform win-64
                                            for both, from either
  sealenv lock                              update everything
  sealenv lock --update numpy               numpy, and what it requires
  sealenv lock pytorch --virtual-package __cuda=12.4
                                            for a machine with CUDA 12.4
  sealenv lock -f list.txt                  fill in the digests of a list
  sealenv create -f sealenv.lock -n my_env  create the environment
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
              help="Ignore packages built after this time (UTC), or less than 7d, 2w, 24h or P7D "
              "ago. The lock records the time.")  # fmt: skip
@VIRTUAL_PACKAGE
@MACHINE
@click.option("--pypi-index", cls=Advanced, metavar="URL",
              help="Where pip looks for a 'pip:' section, instead of PyPI or the file's "
              "--index-url.")  # fmt: skip
@click.option("--update", multiple=True, metavar="NAME",
              help="Update this package, and only what it requires. Repeatable.")  # fmt: skip
@click.option("-e", "--environment", metavar="NAME",
              help="The environment, if a pixi.lock has several.")  # fmt: skip
@click.option("-o", "--output", metavar="FILE",
              help="The lock to write; - is stdout. Without it: NAME.lock or sealenv.lock.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace a file that is not a lock of sealenv.")
@click.option("--offline", is_flag=True,
              help="Use only the cache, not the network.")  # fmt: skip
@dry_run("Show what would change; write nothing.")
@JSON
@QUIET
@VERBOSE
def lock_command(
    output: str | None, dry_run: bool, as_json: bool, quiet: bool, verbose: int, **wanted: Any
) -> int:
    """Find the exact packages for SPECs or a file, and write them to a lock.

    Nothing is installed. Without SPEC and FILE, an existing lock is renewed; if none exists, the lock
    gets what `create` installs: python, conda, mamba and pip. The format is that of pixi.lock.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.lock import lock

    if output == "-" and as_json:
        raise UsageError("both the lock and JSON would go to stdout", hint="name a file with -o")
    with make_reporter(quiet=quiet or as_json, verbose=verbose) as reporter:
        done = lock(output=output, dry_run=dry_run, reporter=reporter, **wanted)
    if done.text is not None:
        click.echo(done.text.encode(), nl=False)  # UTF-8, whatever the terminal has
    if as_json:
        print_json(done)
    elif not quiet:
        _show(done, dry_run)
    elif done.output is not None:
        click.echo(str(done.output))
    return 0


def _show(done: Locked, dry_run: bool) -> None:
    platforms = [*(one.platform for one in done.locks), *(c.platform for c in done.changes)]
    for platform in dict.fromkeys(platforms):
        for change in done.changes:
            if change.platform == platform:
                click.echo(f"{platform}  {change.words()}", err=True)
    if done.renewed and not done.changes:
        click.echo("nothing changed", err=True)
    for one in done.locks:
        click.echo(f"{one.platform:<14} {archives_text(one.packages, one.wheels)}", err=True)
    if done.output is not None:
        click.echo(f"{'would lock' if dry_run else 'locked':<14} {done.output}", err=True)


@click.command(
    "diff",
    cls=Command,
    epilog="""\b
Examples:
  sealenv diff my_env                    against the lock in its seal
  sealenv diff my_env my_env.lock        an environment and a lock
  sealenv diff old.lock new.lock --json  two locks, each platform
""",
)
@environment("a", then="b", metavar="A", or_file=True)
@click.argument("b", metavar="[B]", type=ENV_OR_FILE, required=False)
@JSON
@QUIET
def diff_command(as_json: bool, quiet: bool, a: str, b: str | None) -> int:
    """Show what differs from A to B: locks of any format, or environments.

    An environment A without B is compared with the lock in its seal. Exit code 1: something differs.
    """
    from sealenv.commands.diff import diff
    from sealenv.naming import printable

    result = diff(a, b)
    if as_json:
        print_json(result)
    elif not quiet:
        for platform in result.platforms:
            of_it = [c for c in result.changes if c.platform == platform]
            if of_it and len(result.platforms) > 1:
                click.echo(f"{platform}:")
            for change in of_it:
                click.echo(printable(change.words()))
        click.echo(_verdict([c.what for c in result.changes]), err=True)
        if bare := result.without_digest:
            more = " ..." if len(bare) > 10 else ""
            click.echo(
                f"not compared byte by byte (no sha256 on one side): {', '.join(bare[:10])}{more}",
                err=True,
            )
    return 1 if result.changes else 0


def _verdict(kinds: list[str]) -> str:
    counts = [
        f"{kinds.count(what)} {what}" for what in ("added", "removed", "changed") if what in kinds
    ]
    return ", ".join(counts) or "the same packages"
