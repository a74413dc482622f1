"""`sealenv demo`."""

from __future__ import annotations

import os
import tempfile
import textwrap
from pathlib import Path

import click

from sealenv.cli.options import QUIET
from sealenv.cli.output import paint

__all__ = ["demo_command"]


@click.command(
    "demo",
    epilog="\b\nExamples:\n  sealenv demo\n  sealenv demo --keep ./tour   keep what it made\n",
)
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path),
              help="Make it in this new folder and leave channel and cache there.")  # fmt: skip
@QUIET
def demo_command(keep: Path | None, quiet: bool) -> int:
    """Take the whole tour on a machine that reaches no channel.

    Makes a small channel from the interpreter that runs sealenv, creates an environment from it,
    uses it, verifies it and removes it, and says what each step did.
    """
    from sealenv.cli.progress import make_reporter
    from sealenv.commands.demo import tour
    from sealenv.errors import PrefixExistsError

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
        if keep is not None:
            try:
                keep.mkdir(parents=True)
            except FileExistsError:
                raise PrefixExistsError(
                    "the folder is there already", where=str(keep), hint="name a new one"
                ) from None
            tour(keep.absolute(), say, reporter, os.environ)
        else:
            with tempfile.TemporaryDirectory(prefix="sealenv-demo-") as folder:
                tour(Path(os.path.realpath(folder)), say, reporter, os.environ)
    return 0
