"""Tables on stdout: aligned for people, never cut; a terminal that is narrower gets long cells alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from sealenv.cli.paint import paint
from sealenv.system.streams import is_terminal

__all__ = ["fitted", "print_table"]

_WIDEST = 100
"""Cells, where it is no terminal."""


def fitted(text: str, indent: int = 0, *, err: bool = True) -> str:
    """A line for people: in a terminal broken between words, what follows indented; else as it is.

    Args:
        text: without a line break.
        indent: cells before what follows.
        err: whether it goes to stderr.
    """
    if not is_terminal(sys.stderr if err else sys.stdout):
        return text
    import shutil
    import textwrap

    return textwrap.fill(
        text, shutil.get_terminal_size().columns, subsequent_indent=" " * indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below headings, columns as wide as their widest cell in terminal cells.

    Where a terminal is narrower, the longer of first and last cell stands on a line of its own: a long
    first one above the rest, a long last one below it.
    """
    import shutil

    from rich.cells import cell_len

    from sealenv.naming import printable

    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(cell_len(str(row[i])) for row in [headings, *rows]) for i in range(len(headings))]

    below = False
    terminal = is_terminal(sys.stdout)
    if not terminal:  # one line a row, for `grep`; a few long cells do not widen all the others
        widths = [min(width, _WIDEST) for width in widths]
    else:
        over = sum(widths) + 2 * (len(widths) - 1) - shutil.get_terminal_size().columns
        below = over > 0 and widths[-1] > widths[0]
        if over > 0 and not below:
            widths[0] = max(widths[0] - over, cell_len(headings[0]), 8)

    def line(row: Sequence[str]) -> str:
        if below and row is not headings:
            return f"{joined(row[:-1])}\n  {row[-1]}"
        if terminal and cell_len(row[0]) > widths[0]:
            return f"{row[0]}\n{joined(['', *row[1:]])}"
        return joined(row)

    def joined(row: Sequence[str]) -> str:
        cells = [cell + " " * (w - cell_len(cell)) for cell, w in zip(row, widths, strict=False)]
        return "  ".join(cells).rstrip()

    click.echo(paint(line(headings), bold=True))
    for row in rows:
        click.echo(line(row))
