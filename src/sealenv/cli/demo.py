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
    epilog="\b\nExamples:\n  sealenv demo\n  sealenv demo --keep ./tour   keep channel and cache\n",
)
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path),
              help="Create it in this new folder and keep channel and cache.")  # fmt: skip
@QUIET
def demo_command(keep: Path | None, quiet: bool) -> int:
    """Take a tour of sealenv without a network.

    Builds a small channel from the interpreter that runs sealenv, creates an environment from it,
    uses it, verifies it and removes it, and explains each step.
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
                    "the folder exists already", where=str(keep), hint="choose a new one"
                ) from None
            tour(keep.absolute(), say, reporter, os.environ)
        else:
            with tempfile.TemporaryDirectory(prefix="sealenv-demo-") as folder:
                tour(Path(os.path.realpath(folder)), say, reporter, os.environ)
    return 0
